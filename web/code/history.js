// Batches of earlier, newest first, to be opened again or forgotten; photos of the tab of one photo only when they are asked for.
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
        this.singles = make('input', {type: 'checkbox', id: 'history-singles', role: 'switch',
            on: {change: attempt('history.failed', () => this.load())}});
        this.singlesToo = make('label', {class: 'inline', for: this.singles.id, hidden: true}, this.singles,
            make('span', {text: 'history.singles'}));
        this.none = make('p', {class: 'help', text: 'history.none', hidden: true});
        this.element = make('section', {class: 'panel history', hidden: true},
            make('div', {class: 'panel-head'}, make('h3', {text: 'history.title'}), this.singlesToo), this.none, this.rows,
            this.further);
    }

    async load()
    {
        const {batches: singles} = await get('/batches', {single: 1, limit: 1});
        show(this.singlesToo, singles.length > 0);
        this.rows.replaceChildren();
        await this.#fetch(null);
    }

    async #fetch(before)
    {
        const {batches, next} = await get('/batches', {before, limit: page, single: this.singles.checked ? null : 0});
        this.rows.append(...batches.map((batch) => this.#row(batch)));
        this.#next = next;
        show(this.further, next !== null);
        this.#showWhatThereIs();
    }

    #showWhatThereIs()
    {
        const any = this.rows.children.length > 0;
        show(this.none, !any);
        show(this.element, any || !this.singlesToo.hidden);
    }

    #row(batch)
    {
        const {done, failed} = batch.counts;
        const row = make('li', {},
            make('button', {type: 'button', class: 'history-open', on: {click: () => this.#open(batch)}},
                make('span', {class: 'card-name'}, batch.name || words('history.unnamed', {id: String(batch.id)}),
                    batch.single ? make('span', {class: 'badge', text: 'history.single'}) : null),
                make('span', {class: 'help', text: ['history.line', {moment: () => moment(batch.created),
                    count: batch.total, state: () => words(`batch.${batch.state}`)}]}),
                make('span', {class: 'history-counts'}, make('span', {class: 'good', text: ['history.done', {count: done}]}),
                    failed ? make('span', {class: 'bad', text: ['history.failed.count', {count: failed}]}) : null)),
            iconButton('bin', ['history.forget', {name: batch.name}], attempt('history.forget.failed', async () => {
                if (!await confirm('history.forget.sure', {name: batch.name, count: batch.total}, 'history.forget.yes'))
                    return;
                await remove(`/batches/${batch.id}`);
                row.remove();
                this.#showWhatThereIs();
            }), {bare: true}));
        return row;
    }
}
