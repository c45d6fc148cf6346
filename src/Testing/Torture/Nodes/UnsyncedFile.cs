namespace RaftStream.Testing;

/// <summary>
/// One file of a <see cref="FaultyDisk"/>: its bytes on the disk below, and over them those that were written and not synced. Owned by the disk and
/// used under its lock; may outlive its name.
/// </summary>
internal sealed class UnsyncedFile(IDisk disk, string name, IDiskFile? file)
{
    private readonly List<(long Offset, byte[] Bytes)> _unsynced = [];
    private IDiskFile? _file = file;
    private int _opens;

    /// <summary>Its name on the disk below; null once it has none there.</summary>
    public string? HeldName { get; private set; } = name;

    /// <summary>The length that programs see, while it is open.</summary>
    public long Length { get; private set; }

    /// <summary>The bytes that were written and not synced.</summary>
    public long UnsyncedBytes { get; private set; }

    /// <summary>
    /// Whether a sync failed. What it should have written is in memory alone from then on, where reads find it, as in the system's cache; the file
    /// takes no more writes, as with <see cref="DiskFile"/>.
    /// </summary>
    public bool HasFailed { get; private set; }

    /// <summary>Somebody opens it.</summary>
    public void Acquire()
    {
        if (_file is null)
        {
            _file = disk.Open(HeldName!);
            Length = _file.Length;
        }

        _opens++;
    }

    /// <summary>Somebody closes it. What is not synced stays, as it does in the system's cache.</summary>
    public void Release()
    {
        _opens--;
        CloseUnused();
    }

    /// <summary>On the disk below its name is another one now; null where it is gone.</summary>
    public void Rename(string? heldName)
    {
        HeldName = heldName;
        CloseUnused();
    }

    /// <summary>Reads what was written last.</summary>
    public int Read(long offset, Span<byte> destination)
    {
        if (offset >= Length)
            return 0;
        var bytes = destination[..(int)Math.Min(destination.Length, Length - offset)];
        bytes[_file!.Read(offset, bytes)..].Clear();
        foreach (var (start, written) in _unsynced)
        {
            var from = Math.Max(offset, start);
            var to = Math.Min(offset + bytes.Length, start + written.Length);
            if (from < to)
                written.AsSpan((int)(from - start), (int)(to - from)).CopyTo(bytes[(int)(from - offset)..]);
        }

        return bytes.Length;
    }

    /// <summary>Writes into memory.</summary>
    public void Write(long offset, ReadOnlySpan<byte> source)
    {
        if (source.IsEmpty)
            return;
        _unsynced.Add((offset, source.ToArray()));
        UnsyncedBytes += source.Length;
        Length = Math.Max(Length, offset + source.Length);
    }

    /// <summary>Everything written reaches the disk below.</summary>
    public void Sync()
    {
        try
        {
            foreach (var (offset, bytes) in _unsynced)
                _file!.Write(offset, bytes);
            _file!.SyncData();
        }
        catch (IOException failure)
        {
            HasFailed = true;
            if (failure is DiskFullException)
                throw new IOException($"A sync found no room on the real disk: {failure.Message}", failure);
            throw;
        }

        Forget();
    }

    /// <summary>A sync fails: a part reaches the disk below, the rest never will.</summary>
    public void FailSync(SimRandom random)
    {
        KeepSome(random);
        HasFailed = true;
    }

    /// <summary>
    /// The power goes, or a sync is cut short: each sector that was not synced is on the disk below or not, and so is a part of the new length.
    /// Returns how many are not.
    /// </summary>
    public int KeepSome(SimRandom random)
    {
        if (_unsynced.Count == 0 || HasFailed)
            return 0;
        var everything = random.Below(4) == 0;
        var held = _file!.Length;
        var length = everything || Length <= held ? Length : held + random.Below(Length - held + 1);
        var lost = 0;
        Span<byte> sector = stackalloc byte[FaultyDisk.SectorSize];
        foreach (var number in UnsyncedSectors())
        {
            var offset = number * FaultyDisk.SectorSize;
            if (offset >= length || (!everything && random.Chance(0.5)))
            {
                lost++;
                continue;
            }

            var part = sector[..(int)Math.Min(sector.Length, length - offset)];
            Read(offset, part);
            _file.Write(offset, part);
        }

        if (_file.Length < length)
            _file.Write(length - 1, [0]);
        return lost;
    }

    /// <summary>Closes it for good.</summary>
    public void Close()
    {
        _file?.Dispose();
        _file = null;
    }

    private SortedSet<long> UnsyncedSectors()
    {
        var sectors = new SortedSet<long>();
        foreach (var (offset, bytes) in _unsynced)
        {
            for (var number = offset / FaultyDisk.SectorSize; number * FaultyDisk.SectorSize < offset + bytes.Length; number++)
                sectors.Add(number);
        }

        return sectors;
    }

    private void Forget()
    {
        _unsynced.Clear();
        UnsyncedBytes = 0;
        CloseUnused();
    }

    private void CloseUnused()
    {
        if (_opens > 0 || (_unsynced.Count > 0 && HeldName is not null))
            return;
        _unsynced.Clear();
        UnsyncedBytes = 0;
        Close();
    }
}
