// Asking before something that cannot be taken back.
import {make} from './dom.js';

// Resolves true when the person says so; anything else, Escape too, is no.
export function confirm(question, values, yes)
{
    return new Promise((resolve) => {
        const dialog = make('dialog', {class: 'confirm', label: [question, values]},
            make('p', {text: [question, values]}),
            make('form', {method: 'dialog', class: 'buttons'},
                make('button', {value: '', text: 'confirm.no', autofocus: true}),
                make('button', {value: 'yes', class: 'primary', text: yes})));
        dialog.addEventListener('close', () => {
            dialog.remove();
            resolve(dialog.returnValue === 'yes');
        });
        document.body.append(dialog);
        dialog.showModal();
    });
}
