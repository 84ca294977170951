// What happens at the server, as it happens. The line mends itself; when events may have been missed, `resync` tells
// everybody to look again.
import {address} from './api.js';
import {onLanguage} from './words.js';

const kinds = ['batch', 'item', 'progress', 'system', 'model'];
const longest = 15000; // milliseconds between two tries to connect
const mostTries = 12; // to get an answer that nothing overtook

export class Events extends EventTarget {
    #source = null;
    #wait = 500;
    #timer = 0;
    #lost = false;
    #heard = 0; // events about batches and items so far

    constructor()
    {
        super();
        onLanguage(() => this.connect()); // sentences in events follow the language of the request
        addEventListener('online', () => { if (this.#lost) this.connect(); });
    }

    connect()
    {
        clearTimeout(this.#timer);
        this.#source?.close();
        const source = new EventSource(address('/events'));
        this.#source = source;
        source.onopen = () => this.#opened();
        source.onerror = () => this.#broke(source);
        source.addEventListener('resync', () => this.#tell('resync'));
        for (const kind of kinds)
            source.addEventListener(kind, (event) => this.#tell(kind, JSON.parse(event.data)));
    }

    // An answer may be older than an event that came while it was on its way. So what is asked of batches and items is asked
    // again until nothing was heard meanwhile; where there is so much to hear, the next events put right what is behind.
    async steady(ask)
    {
        for (let tries = 1;; tries++) {
            const before = this.#heard, answer = await ask();
            if (this.#heard === before || tries === mostTries)
                return answer;
        }
    }

    #tell(kind, detail)
    {
        if (kind === 'batch' || kind === 'item')
            this.#heard++;
        this.dispatchEvent(new CustomEvent(kind, {detail}));
    }

    #opened()
    {
        this.#wait = 500;
        if (!this.#lost)
            return;
        this.#lost = false;
        this.#tell('found');
        this.#tell('resync');
    }

    // The browser tries again by itself only where the answer was no error; here the line is always made anew.
    #broke(source)
    {
        source.close();
        if (source !== this.#source)
            return;
        if (!this.#lost) {
            this.#lost = true;
            this.#tell('lost');
        }
        this.#timer = setTimeout(() => this.connect(), this.#wait);
        this.#wait = Math.min(longest, this.#wait * 2);
    }
}
