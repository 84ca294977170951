// A result's receipt: what made it, for whoever looks at the picture later.
import {iconButton, make} from './dom.js';
import {saveText} from './save.js';

// Nested names become one: settings.strength.
function flat(value, name = '')
{
    if (value === null || typeof value !== 'object')
        return [[name, String(value)]];
    if (Array.isArray(value) && value.every((part) => part === null || typeof part !== 'object'))
        return [[name, value.join(', ')]];
    return Object.entries(value).flatMap(([key, part]) => flat(part, name ? `${name}.${key}` : key));
}

export function receiptPanel(item)
{
    return make('details', {class: 'receipt'}, make('summary', {text: 'receipt.title'}),
        make('p', {class: 'help', text: 'receipt.what'}),
        make('dl', {}, ...flat(item.receipt).flatMap(([name, value]) =>
            [make('dt', {plain: name}), make('dd', {plain: value})])),
        iconButton('save', 'receipt.save', () => saveText(`${JSON.stringify(item.receipt, null, 2)}\n`, `${item.name}.json`),
            {kind: 'quiet'}));
}
