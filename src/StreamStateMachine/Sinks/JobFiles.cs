using System.Buffers;
using RaftStream.Raft.Log;
using RaftStream.Raft.Wire;

namespace RaftStream.StreamStateMachine;

/// <summary>
/// The file sinks of a job at one replica: how far each has come stands in the state, and what it was given in the replica's own files. Owned by the applying thread.
/// </summary>
/// <remarks>
/// [safety] Bytes are written when the command that gave them can no longer be taken back, at the place that the state says. The state is that of the log, so all replicas have the same files,
/// and applying a command again after a crash, over files made anew, gives them again.
/// </remarks>
internal sealed class JobFiles : IDisposable
{
    private readonly JobContext _context;
    private readonly Dictionary<FileSinkNode, SinkWriter> _writers;
    private readonly KeyBuffer _key = new();
    private readonly ArrayBufferWriter<byte> _value = new(64);

    /// <summary>The sinks of a context's job, with nothing under way.</summary>
    /// <param name="context">The job.</param>
    /// <param name="disk">The folder; null where the job has no file sink.</param>
    public JobFiles(JobContext context, IDisk? disk)
    {
        _context = context;
        Invariant.Check(disk is not null || context.Job.Files.Count == 0, "a machine without a folder is given no job with file sinks");
        _writers = context.Job.Files.ToDictionary(static sink => sink, sink => new SinkWriter(disk!, context.Job.Name, sink.Name));
    }

    /// <summary>Where a sink stands.</summary>
    public SinkEnd EndOf(FileSinkNode sink)
    {
        WriteKey(sink);
        if (!_context.State.TryGet(_key.Span, out var stored))
            return SinkEnd.Start;
        var reader = new MessagePackReader(stored);
        var isRead = reader.TryReadInt64(out var next) & reader.TryReadInt64(out var total) & reader.TryReadInt64(out var generation) & TryReadFile(ref reader, generation, out var file);
        Invariant.Check(isRead, "where a file sink stands was written by this class");
        return new(next, total, file);
    }

    /// <summary>The files that are kept, the oldest first and the one that is written last; none before the first line.</summary>
    public List<SinkFile> KeptBy(FileSinkNode sink)
    {
        var current = EndOf(sink).File;
        var files = new List<SinkFile>();
        if (current.Length == 0)
            return files;
        for (var generation = OldestAt(sink, current.Generation); generation < current.Generation; generation++)
        {
            WriteKey(sink, generation);
            var isThere = _context.State.TryGet(_key.Span, out var stored);
            var reader = new MessagePackReader(stored);
            Invariant.Check(TryReadFile(ref reader, generation, out var file) && isThere, "the state knows every file that is kept");
            files.Add(file);
        }

        files.Add(current);
        return files;
    }

    /// <summary>Gives a sink a line, its end included.</summary>
    /// <exception cref="StateFullException">The state has no room for what it has to know of the file, or the command gives the sink too much.</exception>
    public void Add(FileSinkNode sink, ReadOnlySpan<byte> line)
    {
        var end = EndOf(sink);
        _writers[sink].Lines.Add(end.Total, line);
        var file = end.File;
        if (file.Length > 0 && file.Length + line.Length > sink.Options.RotateBytes)
            file = Rotate(sink, file);
        var crc = Crc32C.Append(file.Crc ^ Crc32C.Start, line) ^ Crc32C.Start;
        PutEnd(sink, new(end.Next + 1, end.Total + line.Length, file with { Length = file.Length + line.Length, Crc = crc }));
    }

    /// <summary>The command under way stays, or was taken back: writes what the state says that its sinks were given.</summary>
    /// <exception cref="IOException">The medium failed or is full; this replica cannot go on.</exception>
    public void Commit()
    {
        foreach (var sink in _context.Job.Files)
        {
            var writer = _writers[sink];
            if (writer.Lines.IsEmpty)
                continue;
            var end = EndOf(sink);
            var bytes = writer.Lines.UpTo(end.Total);
            if (!bytes.IsEmpty)
                Write(writer, KeptBy(sink), end.Total, bytes);
            writer.Lines.Clear();
        }
    }

    /// <summary>Opens all files for a view; whoever is given them closes them.</summary>
    /// <exception cref="IOException">One cannot be opened; none is left open.</exception>
    public IReadOnlyList<CapturedFile> Capture()
    {
        var files = new List<CapturedFile>();
        try
        {
            foreach (var sink in _context.Job.Files)
            {
                foreach (var file in KeptBy(sink))
                    files.Add(_writers[sink].Open(file));
            }
        }
        catch (IOException)
        {
            files.ForEach(static file => file.Dispose());
            throw;
        }

        return files;
    }

    /// <summary>The writer of a sink, for a snapshot that is read.</summary>
    public SinkWriter WriterOf(FileSinkNode sink) => _writers[sink];

    /// <summary>Closes the files that are written.</summary>
    public void Dispose()
    {
        foreach (var writer in _writers.Values)
            writer.Dispose();
    }

    /// <summary>Writes the bytes that end at a total into the files that they belong to; those of files that are no longer kept are left out.</summary>
    private static void Write(SinkWriter writer, List<SinkFile> files, long total, ReadOnlySpan<byte> bytes)
    {
        writer.DropBefore(files[0].Generation);
        var (from, start) = (total - bytes.Length, total - files.Sum(static file => file.Length));
        foreach (var file in files)
        {
            var first = Math.Max(from, start);
            var end = start + file.Length;
            if (end > first)
                writer.Write(file.Generation, first - start, bytes[(int)(first - from)..(int)(end - from)]);
            start = end;
        }
    }

    private static long OldestAt(FileSinkNode sink, long generation) => Math.Max(1, generation - sink.Options.Keep + 1);

    private static bool TryReadFile(ref MessagePackReader reader, long generation, out SinkFile file)
    {
        var isRead = reader.TryReadInt64(out var length) & reader.TryReadInt64(out var crc);
        file = new(generation, length, (uint)crc);
        return isRead;
    }

    /// <summary>The file is full: gives the next one, and forgets the oldest if that is one too many.</summary>
    private SinkFile Rotate(FileSinkNode sink, in SinkFile full)
    {
        if (sink.Options.Keep > 1)
        {
            _value.ResetWrittenCount();
            var writer = new MessagePackWriter(_value);
            writer.Write(full.Length);
            writer.Write((long)full.Crc);
            WriteKey(sink, full.Generation);
            _context.State.Put(_key.Span, _value.WrittenSpan);
        }

        WriteKey(sink, full.Generation + 1 - sink.Options.Keep);
        _context.State.Remove(_key.Span);
        return new(full.Generation + 1, 0, 0);
    }

    private void PutEnd(FileSinkNode sink, in SinkEnd end)
    {
        _value.ResetWrittenCount();
        var writer = new MessagePackWriter(_value);
        writer.Write(end.Next);
        writer.Write(end.Total);
        writer.Write(end.File.Generation);
        writer.Write(end.File.Length);
        writer.Write((long)end.File.Crc);
        WriteKey(sink);
        _context.State.Put(_key.Span, _value.WrittenSpan);
    }

    private void WriteKey(FileSinkNode sink)
    {
        _key.Cut(0);
        _key.Write(StateKeys.Sink);
        _key.Write((ushort)sink.Id);
    }

    private void WriteKey(FileSinkNode sink, long generation)
    {
        WriteKey(sink);
        _key.Write(generation);
    }
}
