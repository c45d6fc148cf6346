namespace RaftStream.Testing;

/// <summary>
/// A disk of a real node, over a real one, that is full or slow on demand and lets everything else through at once: for files that nobody syncs, because they are made anew at each start. What a process that
/// was killed leaves of them is all that it wrote, in whatever state that is, for the next one to get rid of.
/// </summary>
internal sealed class PassingDisk(IDisk disk, DiskFaults faults) : IDisk, IDisposable
{
    /// <inheritdoc/>
    public IReadOnlyList<string> List() => disk.List();

    /// <inheritdoc/>
    public IDiskFile Create(string name) => faults.IsFull ? throw faults.Refuse(name) : new OpenFile(disk.Create(name), name, faults);

    /// <inheritdoc/>
    public IDiskFile Open(string name) => new OpenFile(disk.Open(name), name, faults);

    /// <inheritdoc/>
    public void Rename(string from, string to) => disk.Rename(from, to);

    /// <inheritdoc/>
    public void Delete(string name) => disk.Delete(name);

    /// <inheritdoc/>
    public void SyncFolder() => disk.SyncFolder();

    /// <inheritdoc/>
    public void Dispose() => (disk as IDisposable)?.Dispose();

    private sealed class OpenFile(IDiskFile file, string name, DiskFaults faults) : IDiskFile
    {
        public long Length => file.Length;

        public int Read(long offset, Span<byte> destination) => file.Read(offset, destination);

        public void Write(long offset, ReadOnlySpan<byte> source)
        {
            faults.Delay();
            if (faults.IsFull && offset + source.Length > file.Length)
                throw faults.Refuse(name);
            file.Write(offset, source);
        }

        public void SyncData() => file.SyncData();

        public void Dispose() => file.Dispose();
    }
}
