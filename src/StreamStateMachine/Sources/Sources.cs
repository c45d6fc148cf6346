namespace RaftStream.StreamStateMachine;

/// <summary>The sources that come with the library.</summary>
public static class Sources
{
    /// <summary>
    /// The lines of a file, or of the files of a folder (not of the folders in it), each file one partition with the file's name. Lines end
    /// with <c>\n</c> or <c>\r\n</c> and are UTF-8; a byte order mark at a file's start is passed over.
    /// </summary>
    /// <remarks>
    /// <para>
    /// A position holds how many bytes were read and SHA-256 of them. Opening compares: a file that has grown goes on, one whose read part has
    /// changed is refused with a <see cref="SourceChangedException"/>. To read another file, give it another partition name.
    /// </para>
    /// <para>
    /// Rotation by renaming is followed: <c>a.log.1</c> to <c>a.log.999</c>, with no zero in front, are older generations of <c>a.log</c>, the
    /// greatest number the oldest, and all of them are the one partition <c>a.log</c>. It starts with the oldest; what was not yet read of a
    /// renamed file is read before the file that follows it, also after a restart. A followed file counts as complete when its successor holds
    /// a byte; lines that are still written to it after that are not read. Truncating in place (copytruncate) is not supported.
    /// </para>
    /// <para>
    /// The last line of a complete file needs no line end. A file read to its end without following, whose last line then grows, goes on in the
    /// middle of that line: what was added is a record of its own.
    /// </para>
    /// </remarks>
    /// <param name="path">A file or a folder; looked at when partitions are listed or opened.</param>
    /// <param name="options">How to read; the defaults where null.</param>
    /// <exception cref="ArgumentException">The path is empty, or an option is out of range.</exception>
    public static IStreamSource<string> Lines(string path, FileSourceOptions? options = null) =>
        new FileSource<string>(path, options, static () => new LineParser());
}
