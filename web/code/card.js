// One photo of a batch as a card: picture, name, what became of it.
import {address} from './api.js';
import {icon, make} from './dom.js';
import {stageWords} from './progress.js';
import {say, seconds, words} from './words.js';

// What is said in one line. running: the item's last progress event, if it is worked on.
function outcome(item, running)
{
    if (item.state === 'running')
        return running ? stageWords(running.stage, running.faces, running.faces_done) : words('state.running');
    if (item.state === 'failed')
        return item.reason_text;
    if (item.state === 'done' && !item.faces.length)
        return words('card.no.face');
    if (item.state === 'done')
        return words('card.faces', {count: item.faces.filter((face) => face.state === 'restored').length});
    return words(`state.${item.state}`);
}

// A picture that cannot be had leaves its place empty.
export function thumbnail(item, local = null)
{
    const of = item.state === 'done' ? 'output' : 'input';
    const picture = make('img', {alt: '', decoding: 'async', draggable: 'false'});
    const place = make('span', {class: 'thumbnail'}, icon('photo'), picture);
    const url = local && item.state !== 'done' ? URL.createObjectURL(local) : null;
    picture.onload = () => { place.classList.add('there'); if (url) URL.revokeObjectURL(url); };
    picture.onerror = () => { picture.remove(); if (url) URL.revokeObjectURL(url); };
    // Made anew after a retry, it has the same address; what stands behind # makes the browser ask again.
    picture.src = url ?? `${address(`/items/${item.id}/thumbnail`, {of})}#${item.attempts}`;
    return place;
}

// Folders are told apart from names, and names are cut in their middle, where they say least.
export function nameParts(path)
{
    const slash = path.lastIndexOf('/');
    return {folder: slash > 0 ? path.slice(0, slash) : '', name: path.slice(slash + 1)};
}

export function card(item, {running, local, open, retry})
{
    const {folder, name} = nameParts(item.name);
    const picture = thumbnail(item, local);
    if (folder)
        picture.append(make('span', {class: 'card-folder', plain: folder}));
    const opens = item.state === 'done';
    const face = make(opens ? 'button' : 'div', opens ? {type: 'button', class: 'card-picture', data: {act: 'open'},
        label: ['card.open', {name}], on: {click: open}} : {class: 'card-picture'}, picture);
    const told = item.seconds !== null && item.state === 'done' ? make('span', {class: 'card-seconds', text: ['plain',
        {text: () => seconds(item.seconds)}]}) : null;
    return make('li', {class: `card ${item.state}`, data: {item: String(item.id)}}, face,
        make('div', {class: 'card-words'},
            make('span', {class: 'card-name', title: ['plain', {text: item.name}], plain: name}),
            make('span', {class: 'card-outcome'}, make('span', {class: 'dot'}),
                make('span', {class: 'card-said', text: ['plain', {text: () => outcome(item, running)}]}), told)),
        item.state === 'failed' ? make('button', {type: 'button', class: 'card-retry', text: 'batch.retry',
            label: ['batch.retry.one', {name}], data: {act: 'retry'}, on: {click: retry}}) : null);
}

// The same card once more is told of, without drawing its picture anew.
export function sayProgress(element, item, running)
{
    const said = element?.querySelector('.card-said');
    if (said)
        say(said, 'plain', {text: () => outcome(item, running)});
}

// Its place while it is being fetched.
export function cardToCome()
{
    return make('li', {class: 'card to-come', 'aria-busy': 'true'}, make('div', {class: 'card-picture'},
        make('span', {class: 'thumbnail'})), make('div', {class: 'card-words'}));
}
