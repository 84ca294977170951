// The gallery of a batch: one result large, before and after, and the way to the next.
import {address} from './api.js';
import {Compare} from './compare.js';
import {iconButton, make} from './dom.js';
import {save} from './save.js';
import {savedFaces} from './saved.js';
import {words} from './words.js';

const edge = 1600; // pixels of a preview

// around(position, step): the next done item in that direction, or null. work(item): take it to the tab of one photo.
export class Viewer {
    #item = null;

    constructor(around, work)
    {
        this.compare = new Compare();
        this.title = make('h2', {class: 'photo-name', plain: ''});
        this.previous = iconButton('left', 'viewer.previous', () => this.open(around(this.#item.position, -1)), {bare: true});
        this.next = iconButton('right', 'viewer.next', () => this.open(around(this.#item.position, 1)), {bare: true});
        this.around = around;
        this.saved = make('div', {class: 'saved-place'});
        this.element = make('dialog', {class: 'viewer', label: 'viewer.title'},
            make('header', {}, this.title,
                iconButton('tune', 'viewer.work', () => { this.element.close(); work(this.#item); }, {kind: 'quiet'}),
                iconButton('save', 'viewer.save', () => save(address(`/items/${this.#item.id}/output`, {download: 1}),
                    this.#item.output_name), {kind: 'quiet'}),
                iconButton('close', 'viewer.close', () => this.element.close(), {bare: true})),
            make('div', {class: 'viewer-body'}, this.previous, this.compare.element, this.next), this.saved);
        this.element.addEventListener('keydown', (event) => {
            if (event.key === 'PageUp' && !this.previous.disabled)
                this.previous.click();
            else if (event.key === 'PageDown' && !this.next.disabled)
                this.next.click();
            else
                return;
            event.preventDefault();
            event.stopPropagation();
        }, true);
        document.body.append(this.element);
    }

    open(item)
    {
        if (!item)
            return;
        this.#item = item;
        this.title.textContent = item.name;
        this.previous.disabled = !this.around(item.position, -1);
        this.next.disabled = !this.around(item.position, 1);
        if (!this.element.open)
            this.element.showModal();
        this.saved.replaceChildren(...[savedFaces(item)].filter(Boolean));
        this.compare.setPhoto(item.width ?? edge, item.height ?? edge);
        this.compare.fit();
        this.compare.setBefore(address(`/items/${item.id}/preview`, {of: 'input', edge}));
        this.compare.setAfter(address(`/items/${item.id}/preview`, {of: 'output', edge}));
        this.compare.before.alt = words('viewer.before', {name: item.name});
        this.compare.after.alt = words('viewer.after', {name: item.name});
    }
}
