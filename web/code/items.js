// The items of a batch as far as they were looked at: fetched in pages, kept true by events.
const page = 200;

// Items in a state, or all of them, by position.
export class ItemList {
    #ask;
    #batch;
    #state;
    #next = 0; // `after` of the next page; null: there is none
    #wanted = -1; // the last index that somebody asked for
    #fetching = null;
    #grown = false; // since the last page was asked for
    #changed;
    items = [];

    // ask(path, query): asks the server. changed(index): an item came or became another; changed(null): several did.
    constructor(ask, batch, state, changed)
    {
        this.#ask = ask;
        this.#batch = batch;
        this.#state = state;
        this.#changed = changed;
    }

    // The item, or undefined while it is on its way.
    at(index)
    {
        if (index >= this.items.length) {
            this.#wanted = Math.max(this.#wanted, index);
            this.#fetching ??= this.#fetch().catch(() => {}).finally(() => { this.#fetching = null; });
        }
        return this.items[index];
    }

    get #last()
    {
        return this.items.at(-1)?.position ?? 0;
    }

    #page(after)
    {
        return this.#ask(`/batches/${this.#batch}/items`, {state: this.#state, after, limit: page});
    }

    // More may be asked for while a page is on its way.
    async #fetch()
    {
        while (this.#next !== null && this.#wanted >= this.items.length) {
            const after = this.#next;
            this.#grown = false;
            const {items, next} = await this.#page(after);
            if (after !== this.#next)
                continue; // it was fetched anew meanwhile
            this.items.push(...items.filter((item) => item.position > this.#last));
            this.#next = next ?? (this.#grown ? this.#last : null);
            this.#changed(null);
        }
    }

    // From the server again, as far as it had been fetched.
    async reload()
    {
        const length = Math.max(page, this.items.length);
        const items = [];
        let after = 0;
        while (after !== null && items.length < length) {
            const answer = await this.#page(after);
            items.push(...answer.items);
            after = answer.next;
        }
        this.items = items;
        this.#next = after;
        this.#changed(null);
    }

    // Photos came behind those that there were: what was the end is none any more.
    grow()
    {
        this.#grown = true;
        this.#next ??= this.#last;
        this.#changed(null);
    }

    // An item as an event tells it. Positions stand in order, so its place is found by halving.
    put(item)
    {
        let low = 0, high = this.items.length;
        while (low < high) {
            const middle = (low + high) >> 1;
            if (this.items[middle].position < item.position)
                low = middle + 1;
            else
                high = middle;
        }
        const there = this.items[low]?.id === item.id, belongs = !this.#state || item.state === this.#state;
        if (there && belongs) {
            this.items[low] = item;
            this.#changed(low);
        } else if (there) {
            this.items.splice(low, 1);
            this.#changed(null);
        } else if (belongs && (low < this.items.length || this.#next === null)) {
            this.items.splice(low, 0, item);
            this.#changed(null);
        }
    }
}
