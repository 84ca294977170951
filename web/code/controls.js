// Sliders, choices and switches that show a setting and change it. A setting that the server does not know has no control.
import {icon, make, show} from './dom.js';
import {language, number, say, words} from './words.js';

let made = 0;

function freshId()
{
    made++;
    return `control-${made}`;
}

// What the server says about a setting, in the language of the page: as a sentence, or as a tooltip.
function explain(settings, name, element, attribute = '')
{
    const speak = () => say(element, 'plain', {text: () => settings.limit(name)?.[`help_${language()}`] ?? ''}, attribute);
    settings.addEventListener('change', speak);
    speak();
    return element;
}

function helpLine(settings, name, wanted)
{
    return wanted ? explain(settings, name, make('p', {class: 'help'})) : null;
}

// A control is put together before the server said what there is, and follows from then on.
function follow(settings, name, element, update)
{
    const changed = () => {
        show(element, Boolean(settings.limit(name)));
        if (!element.hidden)
            update();
    };
    settings.addEventListener('change', changed);
    changed();
    return element;
}

// The track is filled from the neutral value to the thumb.
export function fillTrack(range, neutral)
{
    const least = Number(range.min), most = Number(range.max);
    const part = (value) => 100 * (value - least) / (most - least || 1);
    const ends = [part(Number(range.value)), part(neutral)].sort((a, b) => a - b);
    range.style.setProperty('--from', `${ends[0]}%`);
    range.style.setProperty('--to', `${ends[1]}%`);
}

// help: the sentence under it is shown; otherwise it is the tooltip.
export function slider(settings, name, {help = false} = {})
{
    const id = freshId();
    const range = make('input', {type: 'range', id, step: 1});
    const field = make('input', {type: 'number', class: 'figure', step: 1, label: ['setting.value', {
        name: () => words(`setting.${name}`)}]});
    const back = make('button', {type: 'button', class: 'bare reset', title: 'setting.reset', label: ['setting.resetOf', {
        name: () => words(`setting.${name}`)}], on: {click: () => { settings.reset(name); range.focus(); }}}, icon('back'));
    range.addEventListener('input', () => settings.set(name, Number(range.value)));
    range.addEventListener('dblclick', () => settings.reset(name));
    field.addEventListener('change', () => {
        const limit = settings.limit(name);
        const value = Math.round(Number(field.value));
        settings.set(name, Math.min(limit.most, Math.max(limit.least, Number.isFinite(value) ? value : 0)));
        field.value = settings.value(name);
    });
    const label = make('label', {for: id, text: `setting.${name}`});
    const element = make('div', {class: 'control slider', data: {setting: name}},
        make('div', {class: 'control-head'},
            help ? label : explain(settings, name, label, 'title'), back, field),
        range, helpLine(settings, name, help));
    return follow(settings, name, element, () => {
        const limit = settings.limit(name);
        for (const input of [range, field]) {
            input.min = limit.least;
            input.max = limit.most;
            if (input !== document.activeElement || input === range)
                input.value = settings.value(name);
        }
        range.setAttribute('aria-valuetext', number(settings.value(name)));
        fillTrack(range, limit.least < 0 ? 0 : limit.least);
        back.classList.toggle('idle', settings.isDefault(name));
        back.disabled = settings.isDefault(name);
    });
}

// One of a few, all in sight. The choices are the server's; their words are ours.
export function segments(settings, name)
{
    const group = freshId();
    const row = make('div', {class: 'segments'});
    const said = make('p', {class: 'help'});
    const element = make('fieldset', {class: 'control', data: {setting: name}},
        make('legend', {text: `setting.${name}`}), row, said);
    return follow(settings, name, element, () => {
        const {choices} = settings.limit(name);
        if (row.children.length !== choices.length)
            row.replaceChildren(...choices.map((choice) => make('label', {class: 'segment'},
                make('input', {type: 'radio', name: group, value: choice,
                    on: {change: () => settings.set(name, choice)}}),
                make('span', {text: `choice.${name}.${choice}`}))));
        for (const radio of row.querySelectorAll('input'))
            radio.checked = radio.value === settings.value(name);
        said.replaceChildren(make('span', {text: `choice.${name}.${settings.value(name)}.help`}));
    });
}

export function choice(settings, name, {help = false} = {})
{
    const id = freshId();
    const select = make('select', {id, on: {change: () => settings.set(name, select.value)}});
    const element = make('div', {class: 'control row', data: {setting: name}},
        make('label', {for: id, text: `setting.${name}`}), select, helpLine(settings, name, help));
    return follow(settings, name, element, () => {
        const {choices} = settings.limit(name);
        if (select.options.length !== choices.length)
            select.replaceChildren(...choices.map((value) => make('option', {value, text: `choice.${name}.${value}`})));
        select.value = settings.value(name);
    });
}

// On or off.
export function toggle(settings, name, {help = false} = {})
{
    const id = freshId();
    const box = make('input', {type: 'checkbox', role: 'switch', id,
        on: {change: () => settings.set(name, box.checked)}});
    const element = make('div', {class: 'control row', data: {setting: name}},
        make('label', {for: id, text: `setting.${name}`}), box, helpLine(settings, name, help));
    return follow(settings, name, element, () => { box.checked = Boolean(settings.value(name)); });
}

// A number that may be left empty for "none".
export function optionalNumber(settings, name, {help = false} = {})
{
    const id = freshId();
    const complaint = make('p', {class: 'complaint', role: 'alert', hidden: true});
    const field = make('input', {type: 'number', id, step: 1, inputmode: 'numeric', hint: `${name}.none`});
    field.addEventListener('change', () => {
        const limit = settings.limit(name), value = Number(field.value);
        const good = field.value === '' ? !field.validity.badInput
                                        : Number.isInteger(value) && value >= limit.least && value <= limit.most;
        show(complaint, !good);
        field.toggleAttribute('aria-invalid', !good);
        if (good)
            settings.set(name, field.value === '' ? null : value);
        else
            complaint.replaceChildren(make('span', {text: ['setting.range', {least: limit.least, most: limit.most}]}));
    });
    const element = make('div', {class: 'control row', data: {setting: name}},
        make('label', {for: id, text: `setting.${name}`}), field, complaint, helpLine(settings, name, help));
    return follow(settings, name, element, () => {
        if (field !== document.activeElement)
            field.value = settings.value(name) ?? '';
    });
}

// Presets as one line: the server's, the person's own, and "auto".
export function presetChoice(settings)
{
    const id = freshId();
    const select = make('select', {id});
    const why = make('p', {class: 'help'});
    const named = (name) => [...settings.own, ...settings.presets].find((preset) => preset.name === name);
    select.addEventListener('change', () => {
        if (select.value)
            settings.choose(select.value === 'auto' ? 'auto' : named(select.value));
    });
    const titled = (preset) => ['plain', {text: () => preset[`title_${language()}`] ?? preset.name}];
    const option = (preset) => make('option', {value: preset.name, text: titled(preset)});
    const ownGroup = () => {
        const group = make('optgroup', {}, ...settings.own.map(option));
        say(group, 'preset.own', {}, 'label');
        return group;
    };
    const update = () => {
        const current = settings.current();
        show(element, settings.offersAuto || settings.presets.length + settings.own.length > 0);
        select.replaceChildren(
            make('option', {value: '', disabled: true, hidden: current !== null, text: 'preset.mixture'}),
            ...(settings.offersAuto ? [make('option', {value: 'auto', text: 'preset.auto'})] : []),
            ...settings.presets.map(option),
            ...(settings.own.length ? [ownGroup()] : []));
        select.value = current ?? '';
        const preset = named(current);
        why.replaceChildren(make('span', {text: current === 'auto' ? 'preset.auto.why'
            : preset?.why_en ? ['plain', {text: () => preset[`why_${language()}`]}] : 'plain.empty'}));
    };
    const element = make('div', {class: 'control'}, make('div', {class: 'control-head'},
        make('label', {for: id, text: 'preset.title'})), select, why);
    settings.addEventListener('change', update);
    update();
    return element;
}
