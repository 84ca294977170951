// The tab of one photo: bring it, watch it, compare, change the look at once, take it home.
import {Aloud} from './aloud.js';
import {address, get, post, postForPicture} from './api.js';
import {Compare} from './compare.js';
import {presetChoice, segments, slider} from './controls.js';
import {debounce, find, iconButton, latest, make, show} from './dom.js';
import {Faces} from './faces.js';
import {keep, recall} from './memory.js';
import {attempt, complain, tell} from './notices.js';
import {ofChooser, ofClipboard, takeDrops} from './pick.js';
import {receiptPanel} from './receipt.js';
import {save} from './save.js';
import {savedFaces} from './saved.js';
import {stageWords} from './progress.js';
import {Upload} from './upload.js';
import {onLanguage, seconds, words} from './words.js';

const previewEdges = [1600, 2800, 4096]; // pixels; larger ones are fetched when the person zooms in
const renderQuiet = 90; // milliseconds without another change before a render is asked for

export class Single {
    #settings;
    #events;
    #item = null;
    #applied = null; // the settings that the result was made with, as text
    #upload = null;
    #local = null; // object URLs
    #rendered = null;
    #edge = previewEdges[0];
    #made = 0; // results seen so far
    #waiting = []; // for the item to end

    constructor(section, settings, events)
    {
        this.#settings = settings;
        this.#events = events;
        this.section = section;
        this.compare = new Compare();
        this.faces = new Faces(this.compare, settings);
        this.#build();
        this.#listen();
    }

    // ---------------------------------------------------------------- what is on the screen

    #build()
    {
        this.chooser = make('input', {type: 'file', accept: 'image/*,.heic,.heif,.avif,.tif,.tiff', class: 'unseen',
            tabindex: -1, label: 'single.choose', on: {change: () => this.#take(ofChooser(this.chooser))}});
        const choose = () => this.chooser.click();
        const example = find('#example');
        show(example, true);
        this.empty = make('div', {class: 'welcome'},
            make('div', {class: 'drop'},
                make('h2', {text: 'single.welcome'}), make('p', {text: 'single.welcome.how'}),
                iconButton('photo', 'single.choose', choose, {kind: 'primary large'}),
                make('p', {class: 'help', text: location.hostname.match(/^(localhost|127\.|\[::1\])/)
                    ? 'single.private' : ['single.private.host', {host: location.host}]})),
            make('button', {type: 'button', class: 'example',
                on: {click: attempt('single.example.failed', () => this.#example())}},
                example, make('span', {class: 'example-words'},
                    make('strong', {text: 'single.example'}), make('span', {text: 'single.example.what'}))));
        this.name = make('h2', {class: 'photo-name', plain: ''});
        this.facts = make('span', {class: 'help', plain: ''});
        this.state = make('p', {class: 'photo-state', plain: ''});
        this.aloud = new Aloud();
        this.bar = make('progress', {max: 1, label: 'single.progress'});
        this.download = iconButton('save', 'single.download', attempt('single.download.failed', () => this.#download()),
            {kind: 'primary'});
        this.saved = make('div', {class: 'saved-place'});
        this.receipt = make('div', {class: 'receipt-place'});
        this.trouble = make('div', {class: 'trouble', role: 'alert', hidden: true});
        this.work = make('div', {class: 'single-work', hidden: true},
            make('div', {class: 'photo-side'},
                make('div', {class: 'photo-head'}, make('div', {class: 'photo-title'}, this.name, this.facts),
                    make('div', {class: 'buttons'},
                        iconButton('photo', 'single.another', choose, {kind: 'quiet'}), this.download)),
                this.trouble, this.compare.element, this.foot = make('div', {class: 'photo-foot'}, this.bar, this.state,
                    this.aloud.element)),
            make('div', {class: 'panel-side'}, this.#controls(), this.faces.element, this.saved, this.receipt));
        this.section.append(this.chooser, this.empty, this.work);
    }

    #controls()
    {
        return make('section', {class: 'panel'},
            make('div', {class: 'panel-head'}, make('h3', {text: 'single.look'}),
                make('a', {class: 'link', href: '#advanced', text: 'single.more'})),
            presetChoice(this.#settings), segments(this.#settings, 'mode'),
            ...['strength', 'denoise', 'sharpen'].map((name) => slider(this.#settings, name)));
    }

    // The frame, after another tab had it.
    takeBack()
    {
        if (this.compare.element.nextSibling !== this.foot)
            this.foot.before(this.compare.element);
    }

    #showTrouble(title, advice, detail, retry)
    {
        show(this.trouble, Boolean(title));
        this.trouble.replaceChildren(...(title ? [
            make('strong', {plain: title}), advice ? make('p', {plain: advice}) : null,
            detail ? make('p', {class: 'help', plain: detail}) : null,
            retry ? make('button', {type: 'button', text: 'single.again', on: {click: retry}}) : null,
        ].filter(Boolean) : []));
    }

    // fraction: 0..1, null: nobody knows, undefined: nothing is going on.
    #showState(text, fraction)
    {
        this.state.textContent = text;
        this.aloud.say(text, fraction === undefined);
        show(this.bar, fraction !== undefined);
        if (fraction === null)
            this.bar.removeAttribute('value');
        else if (fraction !== undefined)
            this.bar.value = fraction;
    }

    #begin(name)
    {
        show(this.empty, false);
        show(this.work, true);
        this.name.textContent = name;
        this.name.title = name;
        this.facts.textContent = '';
        this.download.disabled = true;
        this.saved.replaceChildren();
        this.receipt.replaceChildren();
        this.compare.setAfter(null);
        this.#showTrouble(null);
    }

    // ---------------------------------------------------------------- bringing a photo

    #listen()
    {
        const open = (picked) => this.#take(picked);
        takeDrops(this.section, open);
        document.addEventListener('paste', (event) => {
            if (!this.section.hidden && event.clipboardData?.files.length)
                open(ofClipboard(event));
        });
        const render = debounce(renderQuiet, latest(() => this.#render()));
        const changed = () => { this.#remember(); render(); };
        this.#settings.addEventListener('change', changed);
        this.faces.addEventListener('change', changed);
        this.faces.addEventListener('extra', attempt('faces.add.failed', () => this.#apply()));
        this.compare.addEventListener('view', debounce(250, () => this.#sharpen()));
        this.#events.addEventListener('item', ({detail: item}) => { if (item.id === this.#item?.id) this.#follow(item); });
        this.#events.addEventListener('progress', ({detail}) => { if (detail.item === this.#item?.id) this.#progress(detail); });
        const again = () => { if (this.#item) this.#load(this.#item.id).catch(() => {}); };
        this.#events.addEventListener('resync', again);
        onLanguage(again);
    }

    async #example()
    {
        const blob = await (await fetch(find('#example').src)).blob();
        await this.open(new File([blob], words('single.example.name'), {type: 'image/jpeg'}));
    }

    #take({photos, others})
    {
        if (!photos.length)
            complain(others ? 'single.no.picture' : 'single.nothing');
        else if (photos.length > 1)
            this.section.dispatchEvent(new CustomEvent('many', {detail: photos, bubbles: true}));
        else
            this.open(photos[0].file);
    }

    async open(file)
    {
        this.#upload?.abort();
        this.#item = null;
        this.#begin(file.name);
        this.#showLocal(file);
        const settings = this.#settings.chosen();
        this.#applied = JSON.stringify(settings);
        const upload = new Upload({photos: [{file, path: file.name}], settings, name: file.name, single: true, told: {
            progress: (index, part) => this.#showState(words('single.sending'), part < 1 ? part : null),
            waiting: (count) => this.#showState(words('upload.waiting', {count}), null),
            gone: () => this.#showTrouble(words('upload.gone')),
        }});
        this.#upload = upload;
        this.#showState(words('single.sending'), 0);
        try {
            const batch = await upload.run();
            if (!batch || upload !== this.#upload)
                return;
            const {items: [item]} = await get(`/batches/${batch.id}/items`, {limit: 1});
            this.#remember(item.id, {});
            this.#item = item;
            await this.#load(item.id, {});
        } catch (problem) {
            if (problem.name === 'AbortError' || upload !== this.#upload)
                return;
            this.#showState('', undefined);
            this.#showTrouble(words('single.sending.failed'), problem.message, null, () => this.open(file));
        }
    }

    // What the browser can show of it by itself is there at once.
    #showLocal(file)
    {
        if (this.#local)
            URL.revokeObjectURL(this.#local);
        this.#local = URL.createObjectURL(file);
        const probe = new Image(), url = this.#local;
        probe.onload = () => {
            if (url !== this.#local || this.#item?.width)
                return;
            this.compare.setPhoto(probe.naturalWidth, probe.naturalHeight);
            this.compare.setBefore(url);
        };
        this.compare.before.removeAttribute('src');
        probe.src = url;
    }

    // ---------------------------------------------------------------- following it

    #remember(id = this.#item?.id, choices = this.#item ? this.faces.choices() : {})
    {
        if (id)
            keep('single', {item: id, choices, applied: this.#applied});
    }

    // What was in hand when the page was left.
    async restore()
    {
        const kept = recall('single');
        if (!kept)
            return;
        this.#applied = kept.applied;
        try {
            await this.#load(kept.item, kept.choices);
        } catch (problem) {
            this.#item = null;
            if (problem.status === 404)
                keep('single', null);
        }
    }

    // A photo of a batch, to be worked on here. Its batch's settings become the person's.
    async openItem(item)
    {
        const {settings} = await get(`/batches/${item.batch}`);
        this.#upload?.abort();
        this.#item = null;
        this.#settings.replace(settings);
        this.#applied = JSON.stringify(this.#settings.chosen());
        await this.#load(item.id, {});
    }

    async #load(id, choices = null)
    {
        const first = this.#item === null;
        this.#item ??= {id}; // events about it count from here on
        const item = await this.#events.steady(() => get(`/items/${id}`));
        if (id !== this.#item?.id)
            return;
        if (first)
            this.#begin(item.name);
        this.#follow(item, choices);
    }

    #progress({stage, faces, faces_done: done, seconds: taken})
    {
        const text = words('single.working', {stage: stageWords(stage, faces, done), seconds: seconds(taken)});
        this.#showState(text, stage === 'restore' && faces ? done / faces : null);
    }

    #follow(item, choices = null)
    {
        this.#item = item;
        const ended = ['done', 'failed', 'cancelled'].includes(item.state);
        if (!ended)
            this.#progress({stage: item.stage, faces: item.faces_total, faces_done: item.faces_done, seconds: item.seconds ?? 0});
        else
            this.#waiting.splice(0).forEach((done) => done(item));
        if (item.state === 'done')
            this.#finished(item, choices);
        else if (ended)
            this.#failed(item);
    }

    #failed(item)
    {
        this.#showState('', undefined);
        this.#showTrouble(item.reason_text ?? words('state.cancelled'), item.advice, item.detail,
            attempt('single.again.failed', async () => {
                this.#showTrouble(null);
                await post(`/items/${item.id}/retry`);
                await this.#load(item.id);
            }));
    }

    #finished(item, choices)
    {
        this.#showTrouble(null);
        this.#showState(item.seconds === null ? words('state.done') : words('single.done', {seconds: seconds(item.seconds)}),
            undefined);
        this.facts.textContent = words('single.facts', {width: String(item.width), height: String(item.height)});
        this.compare.setPhoto(item.width, item.height);
        this.faces.setItem(item, choices);
        this.#edge = previewEdges[0];
        this.#made++;
        this.#showPreviews();
        this.download.disabled = false;
        this.saved.replaceChildren(...[savedFaces(item)].filter(Boolean));
        this.receipt.replaceChildren(...(item.receipt ? [receiptPanel(item)] : []));
        this.#remember();
    }

    // A result that was made anew has the same address: what stands behind # makes the browser ask again.
    #preview(of)
    {
        return `${address(`/items/${this.#item.id}/preview`, {of, edge: this.#edge})}#${this.#made}`;
    }

    #showPreviews()
    {
        this.compare.setBefore(this.#preview('input'));
        if (this.#changed)
            this.#render();
        else
            this.compare.setAfter(this.#preview('output'));
    }

    // Closer up, a larger preview.
    #sharpen()
    {
        if (this.#item?.state !== 'done')
            return;
        const edge = previewEdges.find((each) => each >= this.compare.wantedEdge) ?? previewEdges.at(-1);
        if (edge <= this.#edge || this.#edge >= Math.max(this.#item.width, this.#item.height))
            return;
        this.#edge = edge;
        this.#showPreviews();
    }

    // ---------------------------------------------------------------- another look

    #wanted()
    {
        return {...this.#settings.chosen(), ...this.faces.choices()};
    }

    get #changed()
    {
        return this.#applied !== JSON.stringify(this.#wanted());
    }

    async #render()
    {
        const item = this.#item;
        if (item?.state !== 'done')
            return;
        this.compare.frame.classList.add('busy');
        try {
            const picture = await postForPicture(`/items/${item.id}/render`, {settings: this.#wanted(), edge: this.#edge});
            if (item.id !== this.#item?.id)
                return;
            if (this.#rendered)
                URL.revokeObjectURL(this.#rendered);
            this.#rendered = URL.createObjectURL(picture);
            this.compare.setAfter(this.#rendered);
        } catch (problem) {
            complain('single.render.failed', problem);
        } finally {
            this.compare.frame.classList.remove('busy');
        }
    }

    // The look that is seen becomes a result, which is an item of its own, of the same photo; resolves once it is there.
    async #apply()
    {
        const wanted = this.#wanted();
        this.#showState(words('single.applying'), null);
        const made = await post(`/items/${this.#item.id}/apply`, {settings: wanted});
        const ended = new Promise((resolve) => this.#waiting.push(resolve));
        this.#applied = JSON.stringify(wanted);
        this.#item = made;
        this.faces.follow(made.id);
        this.#remember();
        await this.#load(made.id);
        return ended;
    }

    async #download()
    {
        this.download.disabled = true;
        try {
            const item = this.#changed ? await this.#apply() : this.#item;
            if (item.state !== 'done')
                return;
            save(address(`/items/${item.id}/output`, {download: 1}), item.output_name ?? item.name);
            tell(['single.saved', {name: item.output_name ?? item.name}]);
        } finally {
            this.download.disabled = false;
        }
    }
}
