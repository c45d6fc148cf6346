namespace RaftStream.Testing;

/// <summary>A simulated disk that tells its shadow what really reached it.</summary>
internal sealed class ShadowDisk(SimDisk disk, ShadowLog shadow) : IDisk
{
    private readonly ShadowLog _shadow = shadow;
    private readonly List<File> _open = [];
    private int? _crashPoint;
    private CrashMoment _crashMoment;

    /// <summary>The disk itself.</summary>
    public SimDisk Inner => disk;

    /// <summary>How often each of <see cref="IoPoints"/> was come to.</summary>
    public long[] Points { get; } = new long[IoPoints.Count];

    /// <summary>The one of <see cref="IoPoints"/> that was come to last.</summary>
    public int LastPoint { get; private set; }

    /// <summary>The next operation at one of <see cref="IoPoints"/> crashes; null takes that back.</summary>
    public void CrashAtPoint(int? point, CrashMoment moment) => (_crashPoint, _crashMoment) = (point, moment);

    /// <summary>The process ended: nothing is open any more.</summary>
    public void CloseAll()
    {
        _open.Clear();
        _crashPoint = null;
    }

    public IReadOnlyList<string> List() => disk.List();

    public IDiskFile Create(string name)
    {
        Reach(DiskOperation.Create, name);
        return Track(disk.Create(name), name);
    }

    public IDiskFile Open(string name) => Track(disk.Open(name), name);

    public void Rename(string from, string to)
    {
        Reach(DiskOperation.Rename, from);
        disk.Rename(from, to);
        _shadow.Renamed(from, to);

        // Whoever has the file open goes on writing to it under its new name.
        foreach (var file in _open)
        {
            if (file.Name == from)
                file.Name = to;
        }
    }

    public void Delete(string name)
    {
        Reach(DiskOperation.Delete, name);
        disk.Delete(name);
    }

    public void SyncFolder()
    {
        Reach(DiskOperation.SyncFolder, "");
        disk.SyncFolder();
    }

    private void Reach(DiskOperation operation, string name)
    {
        LastPoint = IoPoints.Of(operation, name);
        Points[LastPoint]++;
        if (_crashPoint != LastPoint)
            return;
        _crashPoint = null;
        disk.CrashAt(1, _crashMoment);
    }

    private File Track(IDiskFile file, string name)
    {
        var tracked = new File(file, name, this);
        _open.Add(tracked);
        return tracked;
    }

    private sealed class File(IDiskFile file, string name, ShadowDisk owner) : IDiskFile
    {
        public string Name { get; set; } = name;

        public long Length => file.Length;

        public int Read(long offset, Span<byte> destination) => file.Read(offset, destination);

        public void Write(long offset, ReadOnlySpan<byte> source)
        {
            owner.Reach(DiskOperation.Write, Name);
            try
            {
                file.Write(offset, source);
            }
            catch (SimulatedCrashException)
            {
                owner._shadow.MayHaveWritten(Name, offset, source);
                throw;
            }

            owner._shadow.Wrote(Name, offset, source);
        }

        public void SyncData()
        {
            owner.Reach(DiskOperation.SyncData, Name);
            file.SyncData();
            owner._shadow.Synced(Name);
        }

        public void Dispose()
        {
            owner._open.Remove(this);
            file.Dispose();
        }
    }
}
