// Batches of earlier, newest first, to be opened again or forgotten.
import {get, remove} from './api.js';
import {confirm} from './confirm.js';
import {iconButton, make, show} from './dom.js';
import {attempt} from './notices.js';
import {moment, words} from './words.js';

const page = 12;

export class History {
    #open;
    #next = null;

    constructor(open)
    {
        this.#open = open;
        this.rows = make('ul', {class: 'history-list'});
        this.further = make('button', {type: 'button', class: 'quiet', text: 'history.more',
            on: {click: attempt('history.failed', () => this.#fetch(this.#next))}});
        this.element = make('section', {class: 'panel history', hidden: true}, make('h3', {text: 'history.title'}),
            this.rows, this.further);
    }

    async load()
    {
        this.rows.replaceChildren();
        await this.#fetch(null);
    }

    async #fetch(before)
    {
        const {batches, next} = await get('/batches', {before, limit: page});
        this.rows.append(...batches.map((batch) => this.#row(batch)));
        this.#next = next;
        show(this.further, next !== null);
        show(this.element, this.rows.children.length > 0);
    }

    #row(batch)
    {
        const {done, failed} = batch.counts;
        const row = make('li', {},
            make('button', {type: 'button', class: 'history-open', on: {click: () => this.#open(batch)}},
                make('span', {class: 'card-name', plain: batch.name || words('history.unnamed', {id: String(batch.id)})}),
                make('span', {class: 'help', text: ['history.line', {moment: () => moment(batch.created),
                    count: batch.total, state: () => words(`batch.${batch.state}`)}]}),
                make('span', {class: 'history-counts'}, make('span', {class: 'good', text: ['history.done', {count: done}]}),
                    failed ? make('span', {class: 'bad', text: ['history.failed.count', {count: failed}]}) : null)),
            iconButton('bin', ['history.forget', {name: batch.name}], attempt('history.forget.failed', async () => {
                if (!await confirm('history.forget.sure', {name: batch.name, count: batch.total}, 'history.forget.yes'))
                    return;
                await remove(`/batches/${batch.id}`);
                row.remove();
                show(this.element, this.rows.children.length > 0);
            }), {bare: true}));
        return row;
    }
}
