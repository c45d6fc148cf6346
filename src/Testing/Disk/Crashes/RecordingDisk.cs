namespace RaftStream.Testing;

/// <summary>One operation that changed a disk, or promised to keep what was changed.</summary>
/// <param name="Kind">What was done.</param>
/// <param name="File">The file, by a number of its own that outlives its names; -1 for the folder.</param>
/// <param name="Name">Its name; the old one in a rename.</param>
/// <param name="Target">The new name in a rename.</param>
/// <param name="Offset">Where was written.</param>
/// <param name="Bytes">What was written.</param>
/// <param name="Promise">What the storage had promised and what it was doing when this operation began.</param>
internal sealed record TraceOperation(DiskOperation Kind, int File, string Name, string Target, int Offset, byte[] Bytes, StoragePromise Promise);

/// <summary>A disk that writes down what is done to it. Used from one thread.</summary>
/// <param name="disk">Where it is done.</param>
/// <param name="start">What stands there at the beginning, all of it durable: files count from 0 in the order of their names.</param>
/// <param name="promise">What the storage has promised at the beginning.</param>
internal sealed class RecordingDisk(IDisk disk, IReadOnlyList<string> start, StoragePromise promise) : IDisk
{
    private readonly Dictionary<string, int> _files = start.Select(static (name, number) => (name, number)).ToDictionary(StringComparer.Ordinal);
    private readonly List<TraceOperation> _trace = [];
    private int _nextFile = start.Count;

    /// <summary>What was done, in order.</summary>
    public IReadOnlyList<TraceOperation> Trace => _trace;

    /// <summary>What the storage has promised and what it is doing.</summary>
    public StoragePromise Promise { get; set; } = promise;

    /// <inheritdoc/>
    public IReadOnlyList<string> List() => disk.List();

    /// <inheritdoc/>
    public IDiskFile Create(string name)
    {
        var file = disk.Create(name);
        _files[name] = _nextFile++;
        Add(DiskOperation.Create, _files[name], name);
        return new OpenFile(this, file, _files[name], name);
    }

    /// <inheritdoc/>
    public IDiskFile Open(string name) => new OpenFile(this, disk.Open(name), _files[name], name);

    /// <inheritdoc/>
    public void Rename(string from, string to)
    {
        disk.Rename(from, to);
        _files.Remove(from, out var file);
        _files[to] = file;
        Add(DiskOperation.Rename, file, from, to);
    }

    /// <inheritdoc/>
    public void Delete(string name)
    {
        disk.Delete(name);
        if (_files.Remove(name, out var file))
            Add(DiskOperation.Delete, file, name);
    }

    /// <inheritdoc/>
    public void SyncFolder()
    {
        disk.SyncFolder();
        Add(DiskOperation.SyncFolder, -1, "the folder");
    }

    private void Add(DiskOperation kind, int file, string name, string target = "", long offset = 0, byte[]? bytes = null) =>
        _trace.Add(new(kind, file, name, target, checked((int)offset), bytes ?? [], Promise));

    private sealed class OpenFile(RecordingDisk owner, IDiskFile file, int number, string name) : IDiskFile
    {
        public long Length => file.Length;

        public int Read(long offset, Span<byte> destination) => file.Read(offset, destination);

        public void Write(long offset, ReadOnlySpan<byte> source)
        {
            file.Write(offset, source);
            owner.Add(DiskOperation.Write, number, name, offset: offset, bytes: source.ToArray());
        }

        public void SyncData()
        {
            file.SyncData();
            owner.Add(DiskOperation.SyncData, number, name);
        }

        public void Dispose() => file.Dispose();
    }
}
