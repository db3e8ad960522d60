// Errors in a person's words: what happened, and what to do.
import { Problem } from "./api.js";
import { say } from "./state.js";
const READABLE = "Use JPEG, PNG, WebP, TIFF, GIF or BMP.";
/** The largest file that the server takes, in bytes. */
let largest = Infinity;
export const setLargest = (bytes) => { largest = bytes; };
const megabytes = (bytes) => `${Math.floor(bytes / (1 << 20))} MB`;
/** Refuses a file that the server would refuse after it was sent. */
export function checkSize(file, name, most = largest) {
    if (file.size === 0)
        throw new Problem(422, `“${name}” is empty.`);
    if (file.size > most)
        throw new Problem(413, `“${name}” is larger than ${megabytes(most)}. Make it smaller first.`);
}
/** What to say about an error with a file of this name, if it is about one. */
export function words(error, name) {
    if (!(error instanceof Problem))
        return "Something went wrong on this page. Reload it, and try again.";
    const file = name ? `“${name}”` : "This file";
    // Our own words.
    if (error.detail.startsWith("“") || error.status === 0 || error.status === 401)
        return error.detail;
    switch (error.status) {
        // After it was started again with others.
        case 404: return /^this server has no model/.test(error.detail) ? sentence(`${error.detail}. Reload the page`) : "The server has forgotten this. Open the photo again.";
        case 408:
        case 504: return "The connection is too slow. Try again, or use a smaller file.";
        case 409: return "Canceled.";
        case 413: return /body|bytes/.test(error.detail) && Number.isFinite(largest)
            ? `${file} is larger than ${megabytes(largest)}. Make it smaller first.`
            : `${file} has too many pixels for this server. Make it smaller first.`;
        case 415: return `${file} is not a picture that can be read here. ${READABLE}`;
        case 422: return name ? `${file} cannot be read: it is damaged, or not a picture. ${READABLE}` : sentence(error.detail);
        case 429: return "The server is busy. Try again in a moment.";
        case 503: return "The server took too long. Try again, or use a smaller size.";
        case 500: return "Something went wrong on the server. Try again.";
        default: return sentence(error.detail);
    }
}
/** The same about a film. */
export function filmWords(error, name) {
    if (!(error instanceof Problem))
        return words(error);
    const film = `“${name}”`;
    // What the server says of the film itself.
    const about = error.detail.startsWith("film: ");
    const [, has, most] = /^film: has (?:more than )?(\d+) frames.* at most (\d+)/.exec(error.detail) ?? [];
    if (most !== undefined)
        return `${film} is too long for this server: ${has} frames, and ${most} at most. Paint a part of it: set where to begin and to end.`;
    switch (error.status) {
        case 413: return about ? sentence(error.detail.replace("film:", film)) : `${film} is too large for this server. Make it smaller first.`;
        case 415: return `${film} is not a film that can be read here. Use MP4, WebM, MOV, MKV or AVI.`;
        case 422: return about ? `${film} cannot be read: it is damaged, or not a film. Use MP4, WebM, MOV, MKV or AVI.` : sentence(error.detail);
        default: return words(error);
    }
}
function sentence(text) {
    const first = text.charAt(0).toUpperCase() + text.slice(1);
    return /[.!?]$/.test(first) ? first : `${first}.`;
}
/** Says what has failed. */
export const sayError = (error, name) => say(words(error, name), true);
