// The faces of a result that were saved by themselves (setting "save faces"): each before and after, to look at and to take home.
import {address} from './api.js';
import {iconButton, make} from './dom.js';
import {save} from './save.js';

const sides = ['input', 'output'];

function picture(item, face, of)
{
    return make('img', {alt: '', loading: 'lazy', decoding: 'async', draggable: 'false',
        src: `${address(`/items/${item.id}/faces/${face.index}`, {of})}#${item.attempts}`});
}

function row(item, face)
{
    const number = face.index + 1;
    const take = (of) => () => save(address(`/items/${item.id}/faces/${face.index}`, {of, download: 1}));
    return make('li', {class: 'saved-face'},
        make('div', {class: 'saved-pictures', role: 'img', label: ['saved.pictures', {number}]},
            ...sides.map((of) => picture(item, face, of))),
        make('div', {class: 'saved-words'}, make('span', {class: 'face-name', text: ['faces.one', {number}]}),
            ...sides.map((of) => {
                const button = iconButton('save', `saved.${of}`, take(of), {kind: 'quiet'});
                button.dataset.of = of;
                return button;
            })));
}

// Null: none was saved.
export function savedFaces(item)
{
    const saved = item.faces.filter((face) => face.saved);
    return saved.length ? make('section', {class: 'panel saved'}, make('h3', {text: 'saved.title'}),
        make('ul', {class: 'saved-list'}, ...saved.map((face) => row(item, face)))) : null;
}
