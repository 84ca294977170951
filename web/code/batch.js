// The tab of many photos: where they are brought, and the batch that is looked at.
import {find, iconButton, make, show} from './dom.js';
import {History} from './history.js';
import {keep, recall} from './memory.js';
import {attempt} from './notices.js';
import {ofChooser, ofClipboard, takeDrops} from './pick.js';
import {Room} from './room.js';
import {Run} from './run.js';
import {Staging} from './staging.js';
import {onLanguage} from './words.js';

export class Batch {
    constructor(section, settings, events)
    {
        this.section = section;
        this.staging = new Staging(settings);
        this.run = new Run(events);
        this.history = new History((batch) => this.#openRun(batch.id));
        this.room = new Room(events, () => this.#refreshHome());
        this.#build();
        this.#listen(events);
    }

    #build()
    {
        this.files = make('input', {type: 'file', multiple: true, accept: 'image/*,.heic,.heif,.avif,.tif,.tiff',
            class: 'unseen', tabindex: -1, label: 'batch.choose', on: {change: () => this.take(ofChooser(this.files))}});
        this.folder = make('input', {type: 'file', webkitdirectory: true, class: 'unseen', tabindex: -1,
            label: 'batch.choose.folder', on: {change: () => this.take(ofChooser(this.folder))}});
        this.drop = make('div', {class: 'drop'}, make('h2', {text: 'batch.welcome'}), make('p', {text: 'batch.welcome.how'}),
            make('div', {class: 'buttons'},
                iconButton('photos', 'batch.choose', () => this.files.click(), {kind: 'primary large'}),
                iconButton('folder', 'batch.choose.folder', () => this.folder.click(), {kind: 'large'})));
        this.home = make('div', {class: 'batch-home'}, this.drop, this.staging.element, this.history.element,
            this.room.element);
        this.back = iconButton('left', 'batch.back', () => this.#showHome(), {kind: 'quiet back'});
        this.section.append(this.files, this.folder, this.back, this.home, this.run.element);
        this.#show('home');
    }

    #listen(events)
    {
        takeDrops(this.section, (picked) => this.take(picked));
        document.addEventListener('paste', (event) => {
            if (!this.section.hidden && event.clipboardData?.files.length)
                this.take(ofClipboard(event));
        });
        this.staging.addEventListener('arrived', attempt('batch.open.failed', ({detail: {batch, photos}}) =>
            this.#openRun(batch.id, photos)));
        this.staging.addEventListener('shown', ({detail: count}) => this.home.classList.toggle('chosen', count > 0));
        this.staging.addEventListener('emptied', () => this.#place());
        this.run.addEventListener('closed', () => this.#showHome());
        this.run.addEventListener('work', ({detail}) =>
            this.section.dispatchEvent(new CustomEvent('work', {detail, bubbles: true})));
        events.addEventListener('resync', () => this.#refreshHome());
        onLanguage(() => this.#refreshHome());
    }

    // While photos are still being sent, their progress stands above the batch that has begun.
    #place()
    {
        const parent = this.run.element.hidden ? this.home : this.section;
        const before = this.run.element.hidden ? this.history.element : this.run.element;
        if (this.staging.element.parentNode !== parent)
            parent.insertBefore(this.staging.element, before);
        this.staging.element.classList.toggle('compact', !this.run.element.hidden);
    }

    #show(view)
    {
        show(this.home, view === 'home');
        show(this.run.element, view === 'run');
        show(this.back, view === 'run');
        this.#place();
    }

    #showHome()
    {
        keep('batch', null);
        this.#show('home');
        this.#refreshHome();
        find('button', this.home)?.focus({preventScroll: true});
    }

    #refreshHome()
    {
        // When the line is back it is asked for again.
        if (!this.home.hidden)
            Promise.all([this.history.load(), this.room.load()]).catch(() => {});
    }

    async #openRun(id, photos = null)
    {
        await this.run.open(id, photos);
        keep('batch', id);
        if (this.run.element.hidden)
            scrollTo(0, 0);
        this.#show('run');
    }

    // As pick.js gives them.
    take(picked)
    {
        this.#show('home');
        this.staging.take(picked);
        this.staging.element.scrollIntoView({block: 'nearest'});
    }

    // What was looked at when the page was left.
    async restore()
    {
        const id = recall('batch');
        if (id === null) {
            this.#refreshHome();
            return;
        }
        try {
            await this.#openRun(id);
        } catch (problem) {
            if (problem.status === 404)
                this.#showHome();
        }
    }
}
