// A film as the browser decodes it: its frames, one at a time.

/** Whether a file is a film, by its type or its name. */
export const isFilm = ({ type, name }: { type: string; name: string }): boolean =>
  type.startsWith("video/") || /\.(mp4|m4v|mkv|mov|webm|avi|mpe?g|m2?ts|wmv|flv|ogv|3gp)$/i.test(name);

/** Waits for an event of a video; fails where the browser cannot go on. */
const when = (video: HTMLVideoElement, event: string): Promise<void> => new Promise((resolve, reject) => {
  const end = new AbortController();
  const { signal } = end;
  video.addEventListener(event, () => { end.abort(); resolve(); }, { signal });
  video.addEventListener("error", () => { end.abort(); reject(new Error("the browser cannot decode this film")); }, { signal });
});

/** A film that is open. */
export class Movie {
  private constructor(readonly video: HTMLVideoElement, private readonly url: string) {}

  /** Opens a film; fails where the browser cannot decode it. */
  static async open(blob: Blob): Promise<Movie> {
    const url = URL.createObjectURL(blob);
    const video = document.createElement("video");
    video.muted = true;
    video.playsInline = true;
    video.preload = "auto";
    const movie = new Movie(video, url);
    try {
      const there = when(video, "loadeddata");
      video.src = url;
      await there;
      // Sound alone is no film.
      if (video.videoWidth === 0) throw new Error("the browser cannot show this film");
      // Films that were written as a stream do not say how long they are: their end does.
      if (!Number.isFinite(video.duration)) await movie.seek(1e9);
      return movie;
    } catch (error) {
      movie.close();
      throw error;
    }
  }

  get duration(): number { return Number.isFinite(this.video.duration) ? this.video.duration : this.video.currentTime; }

  /** Pixels of its longer side. */
  get longSide(): number { return Math.max(this.video.videoWidth, this.video.videoHeight); }

  /** Goes to a moment, in seconds. */
  async seek(seconds: number): Promise<void> {
    const there = when(this.video, "seeked");
    this.video.currentTime = seconds;
    await there;
  }

  /** The frame of this moment, upright, no larger than this. */
  frame(most = Infinity): HTMLCanvasElement {
    const { videoWidth: width, videoHeight: height } = this.video;
    const scale = Math.min(1, most / Math.max(width, height));
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale))];
    canvas.getContext("2d")!.drawImage(this.video, 0, 0, canvas.width, canvas.height);
    return canvas;
  }

  close(): void {
    this.video.removeAttribute("src");
    this.video.load();
    URL.revokeObjectURL(this.url);
  }
}

/** A canvas as a JPEG. */
export const jpeg = (canvas: HTMLCanvasElement, quality: number): Promise<Blob> => new Promise((resolve, reject) =>
  canvas.toBlob(made => made ? resolve(made) : reject(new Error("the browser gives no picture")), "image/jpeg", quality));
