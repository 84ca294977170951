// A batch at work: how far it is, what can be done with it, its photos. All of it is the server's; whoever opens the page
// later, or elsewhere, sees the same.
import {Aloud} from './aloud.js';
import {address, get, post, remove} from './api.js';
import {card, cardToCome, sayProgress} from './card.js';
import {confirm} from './confirm.js';
import {iconButton, make, show} from './dom.js';
import {Failed} from './failed.js';
import {Grid} from './grid.js';
import {ItemList} from './items.js';
import {attempt} from './notices.js';
import {save} from './save.js';
import {Viewer} from './viewer.js';
import {moment, onLanguage, remaining, seconds, words} from './words.js';

const filters = ['all', 'done', 'running', 'queued', 'failed', 'cancelled'];
const tick = 200; // milliseconds between two figures of a running photo's seconds

// Fires "closed" when the batch was forgotten or is no longer there, "work" with an item for the tab of one photo.
export class Run extends EventTarget {
    #ask; // as get(), never older than the events
    #batch = null;
    #list = null;
    #filter = 'all';
    #running = new Map(); // item id -> its last progress and when it came
    #local = []; // photos as they were sent from here, by position

    constructor(events)
    {
        super();
        this.grid = new Grid({draw: (index) => this.#card(index), height: 214, width: 172, gap: 14});
        this.failed = new Failed({
            ask: (path, query) => this.#ask(path, query),
            local: (item) => this.#localOf(item),
            retry: attempt('batch.retry.failed', (item) => this.#retry(item)),
            retryAll: attempt('batch.retry.failed', () => this.#act('retry')),
        });
        this.aloud = new Aloud();
        this.viewer = new Viewer((position, step) => this.#around(position, step),
            (item) => this.dispatchEvent(new CustomEvent('work', {detail: item})));
        this.#build();
        this.#ask = (path, query) => events.steady(() => get(path, query));
        this.#listen(events);
    }

    get id()
    {
        return this.#batch?.id ?? null;
    }

    #build()
    {
        this.name = make('h2', {class: 'photo-name', plain: ''});
        this.facts = make('span', {class: 'help', plain: ''});
        const act = (name) => attempt(`batch.${name}.failed`, () => this.#act(name));
        this.pause = iconButton('pause', 'batch.pause', act('pause'));
        this.resume = iconButton('play', 'batch.resume', act('resume'), {kind: 'primary'});
        this.cancel = iconButton('stop', 'batch.cancel', attempt('batch.cancel.failed', async () => {
            if (await confirm('batch.cancel.sure', {count: this.#batch.counts.queued}, 'batch.cancel.yes'))
                await this.#act('cancel');
        }));
        this.withFaces = make('input', {type: 'checkbox', id: 'zip-faces'});
        this.withFaces.checked = true;
        this.facesToo = make('label', {class: 'inline', for: this.withFaces.id, hidden: true}, this.withFaces,
            make('span', {text: 'batch.zip.faces'}));
        this.zip = iconButton('save', 'batch.zip', () => save(address(`/batches/${this.id}/zip`,
            {faces: !this.facesToo.hidden && this.withFaces.checked ? 1 : null})), {kind: 'primary'});
        this.forget = iconButton('bin', 'batch.forget', attempt('history.forget.failed', async () => {
            const {name, total} = this.#batch;
            if (!await confirm('history.forget.sure', {name, count: total}, 'history.forget.yes'))
                return;
            await remove(`/batches/${this.id}`);
            this.#close();
        }), {kind: 'quiet'});
        this.line = make('p', {class: 'run-line', plain: ''});
        this.parts = ['done', 'failed', 'running'].map((state) => make('span', {class: state}));
        this.bar = make('div', {class: 'run-bar', role: 'progressbar', 'aria-valuemin': 0, label: 'batch.progress'},
            ...this.parts);
        this.left = make('span', {class: 'help', plain: ''});
        this.percent = make('span', {class: 'run-percent', plain: ''});
        this.chips = make('div', {class: 'chips', role: 'group', label: 'batch.filter'});
        this.none = make('p', {class: 'help nothing', text: 'batch.nothing', hidden: true});
        this.element = make('div', {class: 'run', hidden: true},
            make('section', {class: 'panel run-head'},
                make('div', {class: 'panel-head'}, make('div', {class: 'photo-title'}, this.name, this.facts),
                    make('div', {class: 'buttons'}, this.pause, this.resume, this.cancel, this.facesToo, this.zip, this.forget)),
                this.line, this.aloud.element, this.bar,
                make('div', {class: 'run-foot'}, this.percent, this.left)),
            this.failed.element, this.chips, this.none, this.grid.element);
    }

    #listen(events)
    {
        events.addEventListener('batch', ({detail: batch}) => { if (batch.id === this.id) this.#setBatch(batch); });
        events.addEventListener('item', ({detail: item}) => { if (item.batch === this.id) this.#put(item); });
        events.addEventListener('progress', ({detail}) => { if (detail.batch === this.id) this.#progress(detail); });
        const again = () => { if (this.id) this.reload().catch(() => {}); };
        events.addEventListener('resync', again);
        onLanguage(again);
        setInterval(() => { if (this.#running.size && !document.hidden && !this.element.hidden) this.#sayLine(); }, tick);
    }

    async #act(name)
    {
        await post(`/batches/${this.id}/${name}`);
        this.#setBatch(await this.#ask(`/batches/${this.id}`));
    }

    async #retry(item)
    {
        await post(`/items/${item.id}/retry`);
        this.#put(await this.#ask(`/items/${item.id}`));
    }

    // ---------------------------------------------------------------- what it is about

    // photos: as they are being sent from here, if they are.
    async open(id, photos = null)
    {
        if (photos || id !== this.id)
            this.#local = photos ?? [];
        if (photos && id === this.id)
            return; // another part of it: events tell the rest
        const batch = await this.#ask(`/batches/${id}`);
        if (id !== this.id) {
            this.#running.clear();
            this.#filter = 'all';
            this.failed.setBatch(id);
            this.#newList(id);
        }
        this.#setBatch(batch);
        await this.#loadRunning();
    }

    #newList(id)
    {
        this.#list = new ItemList(this.#ask, id, this.#filter === 'all' ? null : this.#filter, (index) => {
            if (index === null)
                this.#count();
            this.grid.refresh(index);
        });
    }

    async reload()
    {
        try {
            this.#setBatch(await this.#ask(`/batches/${this.id}`));
            this.#running.clear();
            await Promise.all([this.#list.reload(), this.failed.reload(), this.#loadRunning()]);
        } catch (problem) {
            if (problem.status === 404)
                this.#close();
            else
                throw problem;
        }
    }

    #close()
    {
        this.#batch = null;
        this.#running.clear();
        this.dispatchEvent(new CustomEvent('closed'));
    }

    async #loadRunning()
    {
        const {items} = await this.#ask(`/batches/${this.id}/items`, {state: 'running', limit: 64});
        for (const item of items)
            this.#note(item, {stage: item.stage, faces: item.faces_total, faces_done: item.faces_done,
                seconds: item.seconds ?? 0});
        this.#sayLine();
    }

    // ---------------------------------------------------------------- news

    #note(item, progress)
    {
        this.#running.set(item.id, {...progress, position: item.position, came: performance.now()});
    }

    // An answer that was overtaken may have named one that has ended since: of that nothing is heard any more.
    #forgetEnded(count)
    {
        const quietest = [...this.#running].sort(([, a], [, b]) => a.came - b.came);
        for (const [id] of quietest.slice(0, Math.max(0, quietest.length - count)))
            this.#running.delete(id);
    }

    #put(item)
    {
        if (item.state === 'running')
            this.#note(item, {stage: item.stage, faces: item.faces_total, faces_done: item.faces_done,
                seconds: item.seconds ?? 0});
        else
            this.#running.delete(item.id);
        this.#list.put(item);
        this.failed.put(item);
        this.#sayLine();
    }

    #progress(progress)
    {
        const known = this.#running.get(progress.item);
        const index = this.#list.items.findIndex((item) => item.id === progress.item);
        const position = known?.position ?? this.#list.items[index]?.position;
        if (position === undefined)
            return;
        this.#note({id: progress.item, position}, progress);
        if (index >= 0)
            sayProgress(this.grid.at(index), this.#list.items[index], progress);
    }

    #setBatch(batch)
    {
        const before = this.#batch;
        this.#batch = batch;
        this.name.textContent = batch.name || words('history.unnamed', {id: String(batch.id)});
        this.name.title = batch.name;
        this.facts.textContent = words('batch.facts', {count: batch.total, moment: moment(batch.created)});
        const {done, failed, queued} = batch.counts;
        this.#forgetEnded(batch.counts.running);
        const working = batch.state === 'running' || batch.state === 'waiting';
        show(this.pause, working);
        show(this.resume, batch.state === 'paused');
        show(this.cancel, (working || batch.state === 'paused') && queued > 0);
        show(this.zip, done > 0);
        show(this.facesToo, done > 0 && batch.settings.save_faces === true);
        show(this.forget, !working);
        this.failed.setCount(failed);
        this.#drawChips();
        this.#drawBar();
        this.#sayLine();
        if (before?.id === batch.id && before.total !== batch.total)
            this.#list.grow();
        this.#count();
    }

    get #inFilter()
    {
        return this.#filter === 'all' ? this.#batch.total : this.#batch.counts[this.#filter];
    }

    #count()
    {
        this.grid.setCount(this.#inFilter);
        show(this.none, this.#inFilter === 0);
    }

    // ---------------------------------------------------------------- how far it is

    #drawBar()
    {
        const {total, counts} = this.#batch;
        const ended = counts.done + counts.failed + counts.cancelled;
        for (const part of this.parts)
            part.style.width = `${100 * counts[part.className] / (total || 1)}%`;
        this.bar.setAttribute('aria-valuemax', total);
        this.bar.setAttribute('aria-valuenow', ended);
        this.percent.textContent = words('batch.percent', {percent: Math.floor(100 * ended / (total || 1))});
        const seconds = this.#batch.remaining_seconds;
        this.left.textContent = seconds && this.#batch.state !== 'paused' ? words('batch.left', {time: remaining(seconds)}) : '';
    }

    #sentence()
    {
        const {state, counts: {done, failed}} = this.#batch;
        const first = [...this.#running.values()].sort((a, b) => a.position - b.position)[0];
        if (first && state !== 'done') {
            const taken = first.seconds + (performance.now() - first.came) / 1000;
            const values = {position: first.position, seconds: seconds(taken), done, failed};
            return words(state === 'paused' ? 'batch.line.pausing' : 'batch.line.running', values);
        }
        return words(`batch.line.${state === 'running' ? 'waiting' : state}`, {done, failed});
    }

    #sayLine()
    {
        if (!this.#batch)
            return;
        this.line.textContent = this.#sentence();
        this.aloud.say(this.line.textContent, ['done', 'cancelled', 'paused'].includes(this.#batch.state) && !this.#running.size);
    }

    // ---------------------------------------------------------------- its photos

    #drawChips()
    {
        const {total, counts} = this.#batch;
        if (!this.chips.children.length)
            this.chips.append(...filters.map((name) => make('button', {type: 'button', class: 'chip', data: {filter: name},
                on: {click: () => this.#choose(name)}}, make('span', {text: `filter.${name}`}),
                make('span', {class: 'chip-count', plain: ''}))));
        for (const chip of this.chips.children) {
            const name = chip.dataset.filter, count = name === 'all' ? total : counts[name];
            chip.setAttribute('aria-pressed', String(name === this.#filter));
            chip.querySelector('.chip-count').textContent = words('plain', {text: count});
            show(chip, name === 'all' || count > 0 || name === this.#filter);
        }
    }

    #choose(name)
    {
        this.#filter = name;
        this.#newList(this.id);
        this.#drawChips();
        this.#count();
        this.grid.refresh();
    }

    #card(index)
    {
        const item = this.#list.at(index);
        if (!item)
            return cardToCome();
        return card(item, {
            running: this.#running.get(item.id),
            local: this.#localOf(item),
            open: () => this.viewer.open(item),
            retry: attempt('batch.retry.failed', () => this.#retry(item)),
        });
    }

    // The photo itself, where it was sent from this page.
    #localOf(item)
    {
        return this.#local[item.position - 1]?.file ?? null;
    }

    #around(position, step)
    {
        const done = this.#list.items.filter((item) => item.state === 'done' && (item.position - position) * step > 0);
        return (step > 0 ? done[0] : done.at(-1)) ?? null;
    }
}
