// What a screen reader says of work that goes on: now and then how far it is, and at once how it ended. What is seen may change ten times a
// second; read out each time, nobody would hear anything else.
import {make} from './dom.js';

const quiet = 8000; // milliseconds between two sentences

export class Aloud {
    #last = -Infinity;
    #timer = 0;

    constructor()
    {
        this.element = make('p', {class: 'unseen', role: 'status', 'aria-live': 'polite', plain: ''});
    }

    // Of what comes while it is quiet only the last is said, unless it is to be said now.
    say(text, now = false)
    {
        clearTimeout(this.#timer);
        const wait = now ? 0 : this.#last + quiet - performance.now();
        if (wait > 0)
            this.#timer = setTimeout(() => this.#put(text), wait);
        else
            this.#put(text);
    }

    #put(text)
    {
        if (this.element.textContent === text)
            return;
        this.element.textContent = text;
        this.#last = performance.now();
    }
}
