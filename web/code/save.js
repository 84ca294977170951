// Handing files to the person: the browser's own saving, by address or from memory.
import {make} from './dom.js';

export function save(url, name = '')
{
    const link = make('a', {href: url, download: name, hidden: true});
    document.body.append(link);
    link.click();
    link.remove();
}

export function saveText(text, name)
{
    const url = URL.createObjectURL(new Blob([text], {type: 'application/json'}));
    save(url, name);
    setTimeout(() => URL.revokeObjectURL(url), 60000); // the browser may still be reading it
}
