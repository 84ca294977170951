// The tab of everything finer: tone, faces, old photos, output; presets with their reasons, and the person's own.
import {put, remove} from './api.js';
import {choice, optionalNumber, segments, slider, toggle} from './controls.js';
import {confirm} from './confirm.js';
import {iconButton, make, show} from './dom.js';
import {attempt, tell} from './notices.js';
import {language} from './words.js';

const groups = {
    faces: [segments, 'mode', slider, 'strength', slider, 'skin_protect', slider, 'detail_boost', toggle, 'likeness'],
    tone: [slider, 'denoise', slider, 'sharpen', slider, 'contrast', slider, 'brightness'],
    old: [slider, 'fading', slider, 'dust'],
    output: [choice, 'format', slider, 'quality', optionalNumber, 'max_edge', toggle, 'save_faces'],
    which: [optionalNumber, 'min_face', toggle, 'require_face', toggle, 'aligned'],
};

export class Advanced {
    #settings;

    constructor(section, settings)
    {
        this.#settings = settings;
        this.section = section;
        this.cards = make('ul', {class: 'presets'});
        this.name = make('input', {type: 'text', id: 'preset-name', maxlength: 100, required: true, autocomplete: 'off',
            pattern: "[\\p{L}\\p{N} _.\\-]+", hint: 'preset.name.hint'});
        this.preview = make('div', {class: 'preview-place'});
        this.#build();
        settings.addEventListener('change', () => this.#drawPresets());
    }

    #build()
    {
        const panels = Object.entries(groups).map(([name, pairs]) => {
            const controls = [];
            for (let i = 0; i < pairs.length; i += 2)
                controls.push(pairs[i](this.#settings, pairs[i + 1], {help: true}));
            return make('section', {class: `panel group-${name}`}, make('h3', {text: `group.${name}`}), ...controls);
        });
        const form = make('form', {class: 'preset-keep'}, make('label', {for: 'preset-name', text: 'preset.keep'}), this.name,
            make('button', {type: 'submit', text: 'preset.keep.yes'}));
        form.addEventListener('submit', (event) => {
            event.preventDefault();
            this.#keep();
        });
        this.section.append(
            make('div', {class: 'advanced'},
                make('section', {class: 'panel presets-panel'},
                    make('div', {class: 'panel-head'}, make('h2', {text: 'preset.heading'}),
                        iconButton('back', 'settings.reset', () => this.#settings.resetAll(), {kind: 'quiet'})),
                    make('p', {class: 'help', text: 'preset.heading.what'}), this.cards, form),
                make('div', {class: 'advanced-body'}, make('div', {class: 'groups'}, ...panels), this.preview)));
    }

    // The name is kept in sight when keeping it failed.
    #keep = attempt('preset.keep.failed', async () => {
        const name = this.name.value.trim();
        await put(`/presets/${encodeURIComponent(name)}`, {settings: this.#settings.look()});
        await this.#settings.loadOwn();
        this.name.value = '';
        tell(['preset.kept', {name}]);
    });

    #drawPresets()
    {
        const current = this.#settings.current();
        const held = this.cards.contains(document.activeElement) ? document.activeElement.dataset.preset : null;
        this.cards.replaceChildren(
            ...(this.#settings.offersAuto ? [this.#card('auto', 'auto', current, {title: 'preset.auto', why: 'preset.auto.why'})]
                                          : []),
            ...this.#settings.presets.map((preset) => this.#card(preset, preset.name, current, {
                title: ['plain', {text: () => preset[`title_${language()}`]}],
                why: ['plain', {text: () => preset[`why_${language()}`]}]})),
            ...this.#settings.own.map((preset) => this.#card(preset, preset.name, current, {
                title: ['plain', {text: preset.name}], why: 'preset.own.why'}, true)));
        if (held)
            [...this.cards.querySelectorAll('[data-preset]')].find(({dataset}) => dataset.preset === held)?.focus();
    }

    #card(preset, name, current, {title, why}, own = false)
    {
        return make('li', {class: 'preset'},
            make('button', {type: 'button', class: 'preset-use', 'aria-pressed': String(name === current), data: {preset: name},
                on: {click: () => this.#settings.choose(preset)}},
                make('strong', {text: title}), make('span', {text: why})),
            own ? iconButton('bin', ['preset.forget', {name}], attempt('preset.forget.failed', async () => {
                if (!await confirm('preset.forget.sure', {name}, 'history.forget.yes'))
                    return;
                await remove(`/presets/${encodeURIComponent(name)}`);
                await this.#settings.loadOwn();
            }), {bare: true}) : null);
    }

    // The photo in hand beside the controls: its frame is lent by the tab of one photo.
    lend(compare)
    {
        this.preview.replaceChildren(make('p', {class: 'help', text: 'advanced.preview'}), compare);
        show(this.preview, true);
    }

    giveBack()
    {
        this.preview.replaceChildren(make('p', {class: 'help', text: 'advanced.no.preview'}));
    }
}
