// The tab of models: which are used, which there are, fetching one, and installing a file of one's own.
import {address, get, post, put} from './api.js';
import {confirm} from './confirm.js';
import {debounce, icon, iconButton, make, show} from './dom.js';
import {attempt, complain, tell} from './notices.js';
import {takeDrops} from './pick.js';
import {send} from './upload.js';
import {bytes, number, onLanguage, words} from './words.js';

const kinds = ['restorer', 'detector', 'parser']; // in the order of their work

export class Models {
    #list = null;
    #wanted; // the kind's choosers

    constructor(section, machine, events)
    {
        this.section = section;
        this.machine = machine;
        this.#wanted = new Map();
        this.#build();
        this.#listen(events);
    }

    #build()
    {
        this.work = make('section', {class: 'panel at-work'}, make('h2', {text: 'models.work'}),
            make('p', {class: 'help', text: 'models.work.what'}),
            make('div', {class: 'uses'}, ...kinds.map((kind) => this.#chooser(kind))),
            this.bundled = make('p', {class: 'hint-box', text: 'models.bundled.what', hidden: true}));
        this.catalogue = make('ul', {class: 'catalogue'});
        this.file = make('input', {type: 'file', accept: '.pth,.pt,.safetensors', class: 'unseen', tabindex: -1,
            label: 'models.import.choose', on: {change: () => { this.#import(this.file.files[0]); this.file.value = ''; }}});
        this.bar = make('progress', {max: 1, value: 0, label: 'models.import.progress', hidden: true});
        this.drop = make('div', {class: 'import-drop'}, this.file,
            make('div', {}, make('h3', {text: 'models.import'}), make('p', {class: 'help', text: 'models.import.what'}),
                this.bar),
            iconButton('up', 'models.import.choose', () => this.file.click()));
        this.nothing = make('p', {class: 'help', text: 'models.no.pull', hidden: true});
        this.section.append(make('div', {class: 'models'},
            this.work, this.machine.element,
            make('section', {class: 'panel'}, make('h2', {text: 'models.catalogue'}),
                make('p', {class: 'help', text: 'models.catalogue.what'}), this.nothing, this.catalogue, this.drop)));
        takeDrops(this.drop, (picked) => complain(picked.photos.length ? 'models.import.photo' : 'models.import.one'));
        // Weights are no photos, so the drop is read here, before it is sorted for pictures.
        this.drop.addEventListener('drop', (event) => {
            const [file, another] = event.dataTransfer.files;
            if (file && !another && /\.(pth|pt|safetensors)$/i.test(file.name)) {
                event.preventDefault();
                event.stopImmediatePropagation();
                this.drop.classList.remove('dropping');
                this.#import(file);
            }
        }, true);
    }

    #listen(events)
    {
        events.addEventListener('model', ({detail}) => this.#progress(detail));
        const again = debounce(100, () => this.load().catch(() => {}));
        events.addEventListener('resync', again);
        onLanguage(() => this.#draw());
    }

    async load()
    {
        this.#list = await get('/models');
        this.#draw();
    }

    // ---------------------------------------------------------------- what is used

    #chooser(kind)
    {
        const select = make('select', {id: `use-${kind}`, on: {change: attempt('models.choose.failed', async () => {
            try {
                this.#list = await put('/models/chosen', {[kind]: select.value || null});
                tell('models.chosen');
            } finally {
                this.#draw();
            }
        })}});
        const facts = make('span', {class: 'help', plain: ''});
        this.#wanted.set(kind, {select, facts});
        return make('div', {class: 'use'}, make('label', {for: select.id}, make('strong', {text: `kind.${kind}`}),
            make('small', {text: `kind.${kind}.what`})), select, facts);
    }

    #drawChosen(kind)
    {
        const {select, facts} = this.#wanted.get(kind);
        const {models, chosen, using} = this.#list;
        const able = models.filter((model) => model.kind === kind && model.installed && model.usable);
        const best = chosen[kind] ? null : using[kind];
        select.replaceChildren(
            make('option', {value: '', text: best ? ['models.best.now', {name: best}] : 'models.best'}),
            ...able.map((model) => make('option', {value: model.name, plain: this.#titled(model)})),
            ...(kind === 'parser' ? [make('option', {value: 'none', text: 'models.without'})] : []));
        select.value = chosen[kind] ?? '';
        const used = models.find((model) => model.name === using[kind] && model.installed);
        facts.textContent = used ? this.#facts(used) : words('models.none');
    }

    #titled(model)
    {
        return model.bundled ? words('models.bundled.name', {name: model.name}) : model.name;
    }

    #facts(model)
    {
        return [model.size ? words('models.side', {size: String(model.size)}) : '', model.bytes ? bytes(model.bytes) : '',
            model.bundled ? words('models.bundled') : ''].filter(Boolean).join(words('summary.between'));
    }

    // ---------------------------------------------------------------- the catalogue

    #draw()
    {
        if (!this.#list)
            return;
        const {models, using, can_pull: canPull} = this.#list;
        kinds.forEach((kind) => this.#drawChosen(kind));
        show(this.nothing, !canPull);
        show(this.bundled, models.some((model) => model.bundled && Object.values(using).includes(model.name)));
        this.catalogue.replaceChildren(...models.map((model) => this.#row(model, canPull)));
    }

    #row(model, canPull)
    {
        const used = Object.values(this.#list.using).includes(model.name) && model.installed;
        const badges = [used ? 'used' : null, model.bundled ? 'bundled' : model.installed ? 'installed' : null].filter(Boolean);
        return make('li', {class: 'model', data: {model: model.name}},
            make('div', {class: 'model-words'},
                make('strong', {}, make('span', {plain: model.name}),
                    ...badges.map((badge) => make('span', {class: `badge ${badge}`, text: `models.${badge}`}))),
                make('span', {text: `kind.${model.kind}.what`}),
                make('small', {plain: [model.size ? words('models.side', {size: String(model.size)}) : '',
                    model.bytes ? bytes(model.bytes) : words('models.size.unknown'),
                    model.license ? words('models.license', {license: model.license}) : ''].filter(Boolean)
                    .join(words('summary.between'))}),
                model.usable ? null : make('small', {class: 'left-alone', text: 'models.unusable'}),
                model.state === 'failed' ? make('small', {class: 'complaint', text: ['models.pull.broke',
                    {reason: model.detail ?? ''}]}) : null),
            this.#action(model, canPull));
    }

    #action(model, canPull)
    {
        if (model.state === 'pulling') {
            const {received, total} = model;
            return make('div', {class: 'model-pulling'},
                make('progress', {max: 1, value: total ? received / total : null, label: ['models.pulling', {name: model.name}]}),
                make('span', {class: 'help', plain: total ? words('models.pulled', {received: bytes(received),
                    total: bytes(total)}) : bytes(received ?? 0)}));
        }
        if (model.installed)
            return make('span', {class: 'here'}, icon('good'));
        if (!model.published || !model.usable || !canPull)
            return null;
        return iconButton('save', model.state === 'failed' ? 'models.pull.again' : 'models.pull',
            attempt('models.pull.failed', () => this.#pull(model)));
    }

    async #pull(model)
    {
        if (!model.license_accepted && !await confirm('models.license.sure',
            {name: model.name, license: model.license ?? ''}, 'models.license.yes'))
            return;
        const begun = await post(`/models/${encodeURIComponent(model.name)}/pull`, {accept_license: true});
        this.#progress({...begun, received: begun.received ?? 0});
    }

    #progress({name, received, total, state, reason, detail})
    {
        const model = this.#list?.models.find((each) => each.name === name);
        if (!model)
            return;
        Object.assign(model, {received, total, state, reason, detail});
        if (state === 'pulling') {
            const row = [...this.catalogue.children].find((each) => each.dataset.model === name);
            row?.replaceWith(this.#row(model, this.#list.can_pull));
            return;
        }
        if (state === 'installed')
            tell(['models.pull.done', {name}]);
        this.load().catch((problem) => complain('models.failed', problem));
    }

    // ---------------------------------------------------------------- a file of one's own

    async #import(file)
    {
        if (!file)
            return;
        const form = new FormData();
        form.append('file', file, file.name);
        show(this.bar, true);
        try {
            const model = await send(address('/models'), form, {progress: (loaded) => {
                this.bar.value = Math.min(1, loaded / file.size);
                this.bar.setAttribute('aria-valuetext', `${number(100 * this.bar.value)} %`);
            }});
            tell(['models.import.done', {name: model.name}]);
            await this.load();
        } catch (problem) {
            complain('models.import.failed', problem);
        } finally {
            show(this.bar, false);
        }
    }
}
