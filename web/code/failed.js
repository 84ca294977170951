// The photos of a batch that failed, each with its reason, what to do about it and a button to try again.
import {iconButton, make, show} from './dom.js';
import {nameParts, thumbnail} from './card.js';
import {ItemList} from './items.js';
import {words} from './words.js';

const atFirst = 6, more = 24; // rows shown, and added

export class Failed {
    #list = null;
    #shown = atFirst;
    #count = 0;

    #ask;

    // ask(path, query): asks the server; local(item): the photo itself where this page sent it, or null; retry(item) and
    // retryAll(): queue again, and never throw.
    constructor({ask, local, retry, retryAll})
    {
        this.#ask = ask;
        this.local = local;
        this.retry = retry;
        this.title = make('h3', {plain: ''});
        this.rows = make('ul', {class: 'failed-list'});
        this.further = make('button', {type: 'button', class: 'quiet', plain: '',
            on: {click: () => { this.#shown += more; this.#draw(); }}});
        this.all = iconButton('again', 'batch.retry.all', retryAll);
        this.element = make('section', {class: 'panel failed-panel', hidden: true, label: 'failed.panel'},
            make('div', {class: 'panel-head'}, this.title, this.all), this.rows, this.further);
    }

    setBatch(id)
    {
        this.#shown = atFirst;
        this.#list = new ItemList(this.#ask, id, 'failed', () => this.#draw());
        this.rows.replaceChildren();
    }

    // The batch's count says whether there is anything to show before the items have come.
    setCount(count)
    {
        this.#count = count;
        this.#draw();
    }

    put(item)
    {
        this.#list?.put(item);
    }

    reload()
    {
        return this.#list?.reload();
    }

    #draw()
    {
        show(this.element, this.#count > 0);
        if (!this.#count)
            return;
        this.title.textContent = words('failed.title', {count: this.#count});
        show(this.all, this.#count > 1);
        this.#list.at(Math.min(this.#shown, this.#count) - 1);
        const items = this.#list.items.slice(0, this.#shown);
        const rows = new Map([...this.rows.children].map((row) => [row.dataset.key, row]));
        this.rows.replaceChildren(...items.map((item) => {
            const key = `${item.id}/${item.attempts}/${item.reason_text}`;
            return rows.get(key) ?? this.#row(item, key);
        }));
        const left = this.#count - items.length;
        show(this.further, left > 0 && items.length > 0);
        this.further.textContent = words('failed.more', {count: left});
    }

    #row(item, key)
    {
        const {folder, name} = nameParts(item.name);
        return make('li', {class: 'failed', data: {key, item: String(item.id)}}, thumbnail(item, this.local(item)),
            make('div', {class: 'failed-words'},
                make('span', {class: 'card-name', title: ['plain', {text: item.name}], plain: name}),
                folder ? make('span', {class: 'card-folder', plain: folder}) : null,
                make('strong', {plain: item.reason_text}), item.advice ? make('span', {plain: item.advice}) : null,
                item.detail ? make('details', {}, make('summary', {text: 'failed.detail'}),
                    make('p', {class: 'help', plain: item.detail})) : null),
            make('button', {type: 'button', text: 'batch.retry', label: ['batch.retry.one', {name}],
                on: {click: () => this.retry(item)}}));
    }
}
