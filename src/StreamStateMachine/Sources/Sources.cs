using System.Text.Json.Serialization.Metadata;

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
    /// a byte; lines that are still written to it after that are not read. Truncating in place (copytruncate) is not supported. Do not name
    /// files like this whose numbers count the other way: one that comes later would be taken for older, and not be read.
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

    /// <summary>
    /// The rows of a CSV file, or of the files of a folder, with partitions, positions and rotation as <see cref="Lines"/> has them. Each file
    /// starts with a header that names the columns. Fields are as in RFC 4180, so a row may go over several lines inside of quotes; empty lines
    /// are passed over.
    /// </summary>
    /// <remarks>
    /// A row that does not fit becomes a problem that tells line, column, what is there and what was expected. A file whose header lacks a column
    /// of the schema is refused with an <see cref="InvalidDataException"/> by the first read, or by opening behind a position. Where quotes are
    /// never closed, the record ends as too long, and reading goes on with the line behind that length.
    /// </remarks>
    /// <param name="path">A file or a folder; looked at when partitions are listed or opened.</param>
    /// <param name="schema">The columns to read.</param>
    /// <param name="options">How to read; the defaults where null.</param>
    /// <exception cref="ArgumentException">The path is empty, or an option is out of range.</exception>
    public static IStreamSource<CsvRow> Csv(string path, CsvSchema schema, FileSourceOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(schema);
        return new FileSource<CsvRow>(path, options, () => new CsvParser(schema));
    }

    /// <summary>
    /// The lines of JSON of a file, or of the files of a folder, one value a line, with partitions, positions and rotation as
    /// <see cref="Lines"/> has them. Lines of nothing but blanks are passed over.
    /// </summary>
    /// <remarks>
    /// A line that is no such value becomes a problem that tells the line, the byte in it and what was wrong; <c>null</c> is one too.
    /// </remarks>
    /// <typeparam name="T">What a line is.</typeparam>
    /// <param name="path">A file or a folder; looked at when partitions are listed or opened.</param>
    /// <param name="type">How the serializer reads it, from a source-generated context.</param>
    /// <param name="options">How to read; the defaults where null.</param>
    /// <exception cref="ArgumentException">The path is empty, or an option is out of range.</exception>
    public static IStreamSource<T> JsonLines<T>(string path, JsonTypeInfo<T> type, FileSourceOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(type);
        return new FileSource<T>(path, options, () => new JsonParser<T>(type));
    }

    /// <summary>The records of enumerables of your own. A position is the number of records read.</summary>
    /// <typeparam name="T">What a record is.</typeparam>
    /// <param name="open">
    /// Gives the records of a partition from a number on, counted from 0: the same records in the same order each time, or records are lost or
    /// counted twice. The token is cancelled when the reader ends.
    /// </param>
    /// <param name="partitions">The names of the partitions: 1 to 10,000 different ones of 1 to 200 characters, no control character.</param>
    /// <exception cref="ArgumentException">A name breaks the rule.</exception>
    public static IStreamSource<T> FromAsync<T>(Func<string, long, CancellationToken, IAsyncEnumerable<T>> open, params string[] partitions) =>
        new AsyncSource<T>(open, partitions);

    /// <summary>Records made from their numbers, for tests and measurements. Partitions are named <c>0000</c>, <c>0001</c> and so on.</summary>
    /// <typeparam name="T">What a record is.</typeparam>
    /// <param name="partitions">How many there are: 1 to 10,000.</param>
    /// <param name="make">Makes the record of a number, from 0, in a partition: the same one each time.</param>
    /// <param name="recordsPerSecond">
    /// How many a second and partition, counted from the opening of its reader: 0.001 or more, infinite (no limit) by default. Records that are
    /// late are made up for.
    /// </param>
    /// <param name="count">How many a partition has, 0 or more; no end where null.</param>
    /// <param name="timeProvider">What the rate is measured by; the system's clock where null.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is out of range.</exception>
    public static IStreamSource<T> Generate<T>(
        int partitions,
        Func<string, long, T> make,
        double recordsPerSecond = double.PositiveInfinity,
        long? count = null,
        TimeProvider? timeProvider = null)
    {
        ArgumentNullException.ThrowIfNull(make);
        if (partitions is < 1 or > StoreLimits.MaxPartitions)
            throw new ArgumentOutOfRangeException(nameof(partitions), partitions, $"Give 1 to {StoreLimits.MaxPartitions} partitions.");
        if (double.IsNaN(recordsPerSecond) || recordsPerSecond < 0.001)
            throw new ArgumentOutOfRangeException(nameof(recordsPerSecond), recordsPerSecond, "Give 0.001 or more records a second.");
        if (count < 0)
            throw new ArgumentOutOfRangeException(nameof(count), count, "Give 0 or more records, or null for no end.");
        return new GeneratedSource<T>(partitions, new(make, recordsPerSecond, count ?? long.MaxValue, timeProvider ?? TimeProvider.System));
    }
}
