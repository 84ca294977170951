// The space that photos take on the server, and making room: forgetting what ended long ago.
import {get, post} from './api.js';
import {confirm} from './confirm.js';
import {iconButton, make, show} from './dom.js';
import {attempt, tell} from './notices.js';
import {bytes, say} from './words.js';

const ages = [30, 7, 1, 0]; // days

export class Room {
    // cleaned(): batches went.
    constructor(events, cleaned)
    {
        this.line = make('p', {});
        this.meter = make('meter', {min: 0, max: 1, high: 0.9, label: 'room.title'});
        this.age = make('select', {label: 'room.age'},
            ...ages.map((days) => make('option', {value: days, text: `room.age.${days}`})));
        this.element = make('section', {class: 'panel room', hidden: true},
            make('div', {class: 'room-words'}, make('h3', {text: 'room.title'}), this.line, this.meter),
            make('div', {class: 'buttons'}, this.age,
                iconButton('bin', 'room.make', attempt('room.failed', () => this.#clean(cleaned)))));
        events.addEventListener('system', ({detail}) => this.#take(detail));
    }

    async load()
    {
        this.#take(await get('/system'));
    }

    #take({storage: {kept, most}})
    {
        say(this.line, 'room.line', {kept: () => bytes(kept), most: () => bytes(most)});
        this.meter.value = most ? kept / most : 0;
        show(this.element, kept > 0);
    }

    async #clean(cleaned)
    {
        const days = Number(this.age.value);
        if (!await confirm(days ? 'room.sure' : 'room.sure.all', {count: days}, 'room.yes'))
            return;
        const gone = await post('/batches/clean', {days});
        tell(['room.done', {count: gone.batches, size: () => bytes(gone.bytes)}]);
        cleaned();
        await this.load();
    }
}
