// What the browser keeps between visits. A browser that keeps nothing (private windows, a full disk) costs nothing but
// the keeping.
const prefix = 'gpen.';

export function recall(name, otherwise = null)
{
    try {
        const kept = localStorage.getItem(prefix + name);
        return kept === null ? otherwise : JSON.parse(kept);
    } catch {
        return otherwise;
    }
}

export function keep(name, value)
{
    try {
        if (value === null)
            localStorage.removeItem(prefix + name);
        else
            localStorage.setItem(prefix + name, JSON.stringify(value));
    } catch {
        // There is nobody to tell: the page works on, it only forgets.
    }
}
