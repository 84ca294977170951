// Making elements: the one place that knows how attributes, words and listeners are put on them.
import {say} from './words.js';

const svg = 'http://www.w3.org/2000/svg';

// A word is a key of the texts, or [key, values].
function sayWord(element, word, attribute)
{
    const [key, values] = Array.isArray(word) ? word : [word];
    say(element, key, values, attribute);
}

const special = {
    on: (element, listeners) =>
        Object.entries(listeners).forEach(([name, listener]) => element.addEventListener(name, listener)),
    text: (element, word) => sayWord(element, word),
    label: (element, word) => sayWord(element, word, 'aria-label'),
    title: (element, word) => sayWord(element, word, 'title'),
    hint: (element, word) => sayWord(element, word, 'placeholder'),
    plain: (element, text) => { element.textContent = text; },
    data: (element, values) => Object.assign(element.dataset, values),
};

// make('button', {class: 'quiet', text: 'batch.retry', on: {click: retry}}, child...). true sets an attribute without a
// value; false and null leave it out.
export function make(tag, attributes = {}, ...children)
{
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
        if (value === null || value === undefined || value === false)
            continue;
        if (special[name])
            special[name](element, value);
        else
            element.setAttribute(name, value === true ? '' : value);
    }
    element.append(...children.filter((child) => child !== null && child !== undefined));
    return element;
}

// A picture from the sheet of symbols in index.html; decoration only, so screen readers pass it over.
export function icon(name)
{
    const element = document.createElementNS(svg, 'svg');
    const use = document.createElementNS(svg, 'use');
    use.setAttribute('href', `#icon-${name}`);
    element.setAttribute('class', 'icon');
    element.setAttribute('aria-hidden', 'true');
    element.append(use);
    return element;
}

// A button with a symbol; `word` is what it says, or, with `bare`, what it is called.
export function iconButton(name, word, listener, {bare = false, kind = ''} = {})
{
    const button = make('button', {type: 'button', class: `${bare ? 'bare' : ''} ${kind}`.trim(), on: {click: listener}},
        icon(name));
    if (bare) {
        sayWord(button, word, 'aria-label');
        sayWord(button, word, 'title');
    } else {
        button.append(make('span', {text: word}));
    }
    return button;
}

export function find(selector, within = document)
{
    return within.querySelector(selector);
}

export function show(element, visible)
{
    element.hidden = !visible;
}

// Waits until `quiet` milliseconds went by without another call, then calls once with the last arguments.
export function debounce(quiet, call)
{
    let timer = 0;
    return (...args) => {
        clearTimeout(timer);
        timer = setTimeout(() => call(...args), quiet);
    };
}

// Runs a task that works on what is newest: while one runs, any number of calls make one more run after it.
export function latest(task)
{
    let running = false, again = false;
    return async () => {
        if (running) {
            again = true;
            return;
        }
        running = true;
        try {
            do {
                again = false;
                await task();
            } while (again);
        } finally {
            running = false;
        }
    };
}
