// The settings in one line, as they will be used.
import {make} from './dom.js';
import {language, number, words} from './words.js';

function presetTitle(settings, name)
{
    if (name === 'auto')
        return words('preset.auto');
    const preset = [...settings.own, ...settings.presets].find((each) => each.name === name);
    return preset?.[`title_${language()}`] ?? preset?.name;
}

function valueWords(settings, name)
{
    const value = settings.value(name), {kind} = settings.limit(name);
    if (kind === 'choice')
        return words(`choice.${name}.${value}`);
    return typeof value === 'number' ? number(value) : String(value);
}

// A switch that is on needs no value.
function partWords(settings, name)
{
    const title = words(`setting.${name}`);
    if (settings.limit(name).kind === 'boolean')
        return settings.value(name) ? title : words('summary.off', {name: title});
    return words('summary.part', {name: title, value: valueWords(settings, name)});
}

function line(settings)
{
    const current = settings.current();
    const parts = current ? [presetTitle(settings, current)] : [];
    const always = current ? [] : ['mode', 'strength'];
    const changed = Object.keys(settings.chosen()).filter((name) => settings.limit(name) && name !== 'preset' &&
        !always.includes(name) && !(current && settings.belongsToLook(name)));
    for (const name of [...always, ...changed])
        if (settings.limit(name))
            parts.push(partWords(settings, name));
    return parts.join(words('summary.between'));
}

export function summary(settings)
{
    const said = make('span', {class: 'summary-line', text: ['plain', {text: () => line(settings)}]});
    const element = make('p', {class: 'summary'}, make('span', {class: 'help', text: 'summary.title'}), said,
        make('a', {class: 'link', href: '#advanced', text: 'summary.change'}));
    settings.addEventListener('change', () => { said.textContent = line(settings); });
    return element;
}
