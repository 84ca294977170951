// Short messages above everything: news go by themselves, complaints stay until they are read.
import {find, icon, make} from './dom.js';
import {Problem} from './api.js';
import {words} from './words.js';

const shownFor = 6000; // milliseconds

// word: as in make(); returns a function that takes the message back.
function put(kind, word, action)
{
    const region = find(kind === 'bad' ? '#complaints' : '#news');
    const close = () => notice.remove();
    const notice = make('div', {class: `notice ${kind}`}, icon(kind === 'bad' ? 'warn' : 'good'),
        make('span', {class: 'notice-words', text: word}),
        action ? make('button', {type: 'button', class: 'link', text: action.word,
            on: {click: () => { close(); action.call(); }}}) : null,
        make('button', {type: 'button', class: 'bare', label: 'notice.close', on: {click: close}}, icon('close')));
    // The same complaint twice says no more than once.
    for (const other of region.children)
        if (other.querySelector('.notice-words').textContent === notice.querySelector('.notice-words').textContent)
            other.remove();
    region.append(notice);
    if (kind !== 'bad')
        setTimeout(close, shownFor);
    return close;
}

export function tell(word)
{
    return put('good', word);
}

// word: what did not succeed; problem: why, where there is more to say; action: {word, call} that may help.
export function complain(word, problem = null, action = null)
{
    if (problem === null)
        return put('bad', word, action);
    if (problem?.name === 'AbortError')
        return () => {};
    if (!(problem instanceof Problem))
        console.error(problem); // a mistake of the page: its place is for whoever mends it
    const reason = problem instanceof Problem ? problem.message : words('problem.page');
    return put('bad', ['problem.what', {what: () => words(word), reason}], action);
}

// For listeners: whatever a task throws is told to the person.
export function attempt(what, task)
{
    return async (...args) => {
        try {
            return await task(...args);
        } catch (problem) {
            complain(what, problem);
            return undefined;
        }
    };
}
