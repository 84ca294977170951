// Photos that were chosen and not yet sent: to be looked over, named, thinned out, and then sent, with each one's progress.
import {Aloud} from './aloud.js';
import {icon, iconButton, make, show} from './dom.js';
import {Grid} from './grid.js';
import {nameParts} from './card.js';
import {complain, tell} from './notices.js';
import {summary} from './summary.js';
import {Upload} from './upload.js';
import {bytes, moment, words} from './words.js';

// Fires "shown" with the number of photos here, "arrived" {batch, photos} after each part that was sent, "emptied" when nothing
// is left here.
export class Staging extends EventTarget {
    #settings;
    #photos = [];
    #sent = []; // parts of each photo, 0..1
    #upload = null;
    #left = new Set(); // photos that are gone from this computer

    constructor(settings)
    {
        super();
        this.#settings = settings;
        this.grid = new Grid({draw: (index) => this.#row(index), height: 58, width: 300, gap: 8});
        this.title = make('h2', {plain: ''});
        this.name = make('input', {type: 'text', id: 'batch-name', maxlength: 200, autocomplete: 'off',
            hint: 'staging.name.hint'});
        this.start = iconButton('play', 'staging.start', () => this.#send(), {kind: 'primary large'});
        this.clear = iconButton('close', 'staging.clear', () => this.#stop(), {kind: 'quiet'});
        this.bar = make('progress', {max: 1, value: 0, label: 'staging.progress'});
        this.said = make('p', {class: 'staging-said', plain: ''});
        this.aloud = new Aloud();
        this.more = iconButton('again', 'staging.again', () => this.#send(), {kind: 'primary'});
        this.sending = make('div', {class: 'sending', hidden: true}, this.bar, this.said, this.aloud.element, this.more);
        this.naming = make('div', {class: 'control'}, make('label', {for: 'batch-name', text: 'staging.name'}), this.name);
        this.element = make('section', {class: 'panel staging', hidden: true},
            make('div', {class: 'panel-head'}, this.title, this.clear),
            make('div', {class: 'staging-start'}, this.naming, summary(settings), this.start),
            this.sending, this.grid.element);
        addEventListener('beforeunload', (event) => { if (this.busy) event.preventDefault(); });
    }

    get busy()
    {
        return this.#upload !== null;
    }

    // Photos as pick.js gives them; those that are here already are not taken twice.
    take({photos, others})
    {
        if (this.busy) {
            complain('staging.busy');
            return;
        }
        const key = ({path, file}) => `${path}\n${file.size}\n${file.lastModified}`;
        const known = new Set(this.#photos.map(key));
        this.#photos.push(...photos.filter((photo) => !known.has(key(photo))));
        if (others)
            tell(['staging.others', {count: others}]);
        if (!photos.length && !others)
            complain('single.nothing');
        this.#show();
    }

    #show()
    {
        show(this.element, this.#photos.length > 0);
        this.dispatchEvent(new CustomEvent('shown', {detail: this.#photos.length}));
        const size = this.#photos.reduce((sum, {file}) => sum + file.size, 0);
        this.title.textContent = words('staging.title', {count: this.#photos.length, size: bytes(size)});
        this.#sent = this.#photos.map(() => 0);
        this.grid.setCount(this.#photos.length);
        this.grid.refresh();
    }

    #row(index)
    {
        const {file, path} = this.#photos[index];
        const {folder, name} = nameParts(path);
        const state = this.#left.has(index) ? words('upload.gone.short')
            : this.#sent[index] >= 1 ? words('staging.sent') : bytes(file.size);
        const bar = make('progress', {max: 1, value: this.#sent[index], 'aria-hidden': 'true'});
        show(bar, this.#sent[index] > 0 && this.#sent[index] < 1);
        return make('li', {class: 'staged'}, icon(this.#sent[index] >= 1 ? 'good' : 'photo'),
            make('span', {class: 'staged-name', title: ['plain', {text: path}]}, make('span', {plain: name}),
                make('small', {plain: folder ? `${folder} · ${state}` : state}), bar),
            this.busy ? null : iconButton('close', ['staging.remove', {name}], () => this.#remove(index), {bare: true}));
    }

    #remove(index)
    {
        this.#photos.splice(index, 1);
        this.#show();
        if (!this.#photos.length)
            this.dispatchEvent(new CustomEvent('emptied'));
    }

    // What was sent stays sent; what was not is taken away.
    #stop()
    {
        this.#upload?.abort();
        this.#finish();
    }

    #finish()
    {
        this.#upload = null;
        this.#photos = [];
        this.#left.clear();
        this.name.value = '';
        show(this.sending, false);
        for (const element of [this.start, this.naming])
            show(element, true);
        this.clear.querySelector('span').textContent = words('staging.clear');
        this.#show();
        this.dispatchEvent(new CustomEvent('emptied'));
    }

    #told()
    {
        const sizes = this.#photos.map(({file}) => file.size), all = sizes.reduce((sum, size) => sum + size, 0) || 1;
        return {
            progress: (index, part) => {
                if (this.#sent[index] === part)
                    return;
                this.#sent[index] = part;
                this.grid.refresh(index);
                const gone = this.#sent.reduce((sum, each, i) => sum + each * sizes[i], 0);
                this.bar.value = gone / all;
                this.#say('staging.sending', {number: Math.min(index + 1, sizes.length), count: sizes.length,
                    percent: Math.floor(100 * gone / all)});
            },
            gone: (index) => {
                this.#left.add(index);
                this.grid.refresh(index);
                complain(['upload.gone.one', {name: this.#photos[index].path}]);
            },
            arrived: (batch) => this.dispatchEvent(new CustomEvent('arrived', {detail: {batch,
                photos: this.#photos.filter((photo, index) => !this.#left.has(index))}})),
            waiting: (count) => this.#say('upload.waiting', {count}),
        };
    }

    #say(key, values, now = false)
    {
        this.said.textContent = words(key, values);
        this.aloud.say(this.said.textContent, now);
    }

    async #send()
    {
        this.#upload ??= new Upload({photos: this.#photos, settings: this.#settings.chosen(),
            name: this.name.value.trim() || words('staging.unnamed', {moment: moment(Date.now())}), told: this.#told()});
        const upload = this.#upload;
        for (const element of [this.start, this.naming, this.more])
            show(element, false);
        show(this.sending, true);
        this.clear.querySelector('span').textContent = words('staging.stop');
        this.grid.refresh();
        try {
            await upload.run();
            if (upload === this.#upload)
                this.#finish();
        } catch (problem) {
            if (problem.name === 'AbortError' || upload !== this.#upload)
                return;
            this.#say('staging.failed', {reason: problem.message}, true);
            show(this.more, true);
        }
    }
}
