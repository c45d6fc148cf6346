namespace RaftStream.Testing;

/// <summary>A simulated disk that tells its shadow what really reached it.</summary>
internal sealed class ShadowDisk(SimDisk disk, ShadowLog shadow) : IDisk
{
    /// <summary>The disk itself.</summary>
    public SimDisk Inner => disk;

    public IReadOnlyList<string> List() => disk.List();

    public IDiskFile Create(string name) => new File(disk.Create(name), name, shadow);

    public IDiskFile Open(string name) => new File(disk.Open(name), name, shadow);

    public void Rename(string from, string to)
    {
        disk.Rename(from, to);
        shadow.Renamed(from, to);
    }

    public void Delete(string name) => disk.Delete(name);

    public void SyncFolder() => disk.SyncFolder();

    private sealed class File(IDiskFile file, string name, ShadowLog shadow) : IDiskFile
    {
        public long Length => file.Length;

        public int Read(long offset, Span<byte> destination) => file.Read(offset, destination);

        public void Write(long offset, ReadOnlySpan<byte> source)
        {
            file.Write(offset, source);
            shadow.Wrote(name, offset, source);
        }

        public void SyncData()
        {
            file.SyncData();
            shadow.Synced(name);
        }

        public void Dispose() => file.Dispose();
    }
}
