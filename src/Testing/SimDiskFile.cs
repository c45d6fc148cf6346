namespace RaftStream.Testing;

/// <summary>
/// The bytes of one file of a <see cref="SimDisk"/>, twice: as programs see them and as the medium holds them. Owned by the disk; may
/// outlive its name.
/// </summary>
internal sealed class SimDiskFile
{
    private readonly List<int> _unsynced = [];
    private readonly HashSet<int> _broken = [];
    private bool[] _isUnsynced = [];
    private byte[] _seen = [];
    private byte[] _held = [];
    private int _heldLength;

    /// <summary>The length that programs see, in bytes.</summary>
    public int Length { get; private set; }

    /// <summary>How many sectors have been written and not synced.</summary>
    public int UnsyncedSectors => _unsynced.Count;

    public int Read(long offset, Span<byte> destination)
    {
        if (offset >= Length)
            return 0;
        var count = (int)Math.Min(destination.Length, Length - offset);
        foreach (var sector in _broken)
        {
            var start = (long)sector * SimDisk.SectorSize;
            if (start < offset + count && start + SimDisk.SectorSize > offset)
                throw new IOException($"Sector {sector} cannot be read: errno 5 (simulated).");
        }

        _seen.AsSpan((int)offset, count).CopyTo(destination);
        return count;
    }

    public void Write(int offset, ReadOnlySpan<byte> source)
    {
        if (source.IsEmpty)
            return;
        var end = offset + source.Length;
        MakeRoom(end);
        source.CopyTo(_seen.AsSpan(offset));
        Length = Math.Max(Length, end);
        for (var sector = offset / SimDisk.SectorSize; sector <= (end - 1) / SimDisk.SectorSize; sector++)
        {
            _broken.Remove(sector);
            if (_isUnsynced[sector])
                continue;
            _isUnsynced[sector] = true;
            _unsynced.Add(sector);
        }
    }

    /// <summary>Every sector reaches the medium.</summary>
    public void Sync()
    {
        foreach (var sector in _unsynced)
            Keep(sector);
        _unsynced.Clear();
        _heldLength = Length;
    }

    /// <summary>A sync that was cut short: some sectors reach the medium, the others stay unsynced.</summary>
    public void SyncSome(SimRandom random)
    {
        for (var place = _unsynced.Count - 1; place >= 0; place--)
        {
            if (!random.Chance(0.5))
                continue;
            Keep(_unsynced[place]);
            _heldLength = Math.Max(_heldLength, Math.Min(Length, (_unsynced[place] + 1) * SimDisk.SectorSize));
            _unsynced.RemoveAt(place);
        }
    }

    /// <summary>
    /// A sync that failed, as Linux does it: some sectors reach the medium, and the others count as written although they are not.
    /// No later sync brings them there.
    /// </summary>
    public void FailSync(SimRandom random)
    {
        SyncSome(random);
        foreach (var sector in _unsynced)
            _isUnsynced[sector] = false;
        _unsynced.Clear();
    }

    /// <summary>The power goes: each unsynced sector is on the medium or not. Returns how many were lost.</summary>
    public int Crash(SimRandom random)
    {
        var lost = 0;
        var everything = random.Below(4) == 0;
        foreach (var sector in _unsynced)
        {
            if (everything || random.Chance(0.5))
                Keep(sector);
            else
                lost++;
            _isUnsynced[sector] = false;
        }

        _unsynced.Clear();
        if (Length > _heldLength)
            _heldLength = everything ? Length : random.Between(_heldLength, Length);
        Length = _heldLength;
        _held.AsSpan(Length).Clear();
        _held.CopyTo(_seen.AsSpan());
        return lost;
    }

    /// <summary>A sector cannot be read until it is written.</summary>
    public void BreakSector(int sector) => _broken.Add(sector);

    /// <summary>Changes one bit both for programs and on the medium.</summary>
    public void FlipBit(long bit)
    {
        var place = checked((int)(bit / 8));
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(place, Length);
        _seen[place] ^= (byte)(1 << (int)(bit % 8));
        _held[place] ^= (byte)(1 << (int)(bit % 8));
    }

    /// <summary>A file with the same bytes in both places and the same unsynced sectors.</summary>
    public SimDiskFile Clone()
    {
        var copy = new SimDiskFile
        {
            _isUnsynced = (bool[])_isUnsynced.Clone(),
            _seen = (byte[])_seen.Clone(),
            _held = (byte[])_held.Clone(),
            _heldLength = _heldLength,
            Length = Length,
        };
        copy._unsynced.AddRange(_unsynced);
        copy._broken.UnionWith(_broken);
        return copy;
    }

    private void Keep(int sector)
    {
        _isUnsynced[sector] = false;
        var offset = sector * SimDisk.SectorSize;
        _seen.AsSpan(offset, SimDisk.SectorSize).CopyTo(_held.AsSpan(offset));
    }

    private void MakeRoom(int end)
    {
        if (end <= _seen.Length)
            return;
        var sectors = (Math.Max(end, Math.Min(_seen.Length * 2, _seen.Length + (1 << 20))) + SimDisk.SectorSize - 1) / SimDisk.SectorSize;
        Array.Resize(ref _seen, sectors * SimDisk.SectorSize);
        Array.Resize(ref _held, sectors * SimDisk.SectorSize);
        Array.Resize(ref _isUnsynced, sectors);
    }
}
