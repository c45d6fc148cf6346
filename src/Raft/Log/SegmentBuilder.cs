namespace RaftStream.Raft.Log;

/// <summary>
/// Builds the next segment under a name of its own: zeros first, slice by slice while the disk is idle, then the header, a sync, the
/// rename and a sync of the folder. Owned by the log.
/// </summary>
/// <remarks>
/// Zeros ahead of use are worth it twice: a sync of data into a file that does not grow writes no metadata, and the room is there
/// before an entry needs it, so a full disk is met here and not in the middle of a commit. And they are what makes a sector that did
/// not arrive recognisable (see <see cref="Sectors"/>).
/// </remarks>
internal sealed class SegmentBuilder(IDisk disk, LogIdentity identity, ulong saltSeed) : IDisposable
{
    /// <summary>The name of the segment being built.</summary>
    public const string TemporaryName = "log-next.new";

    private const int Slice = 1024 * 1024;
    private static readonly byte[] Zeros = new byte[Slice];

    private ulong _saltState = saltSeed;
    private IDiskFile? _file;
    private int _filled;
    private int _synced;

    /// <summary>Syncs so far.</summary>
    public long Syncs { get; private set; }

    /// <summary>Bytes written so far.</summary>
    public long BytesWritten { get; private set; }

    /// <summary>Bytes of the next segment that are zeros on disk.</summary>
    public int Filled => _filled;

    /// <summary>
    /// Fills and syncs at most 1 MiB of a segment of <paramref name="size"/> bytes; true while there is more to do.
    /// </summary>
    /// <exception cref="DiskFullException">There is no room. What has been filled stays, and a later call goes on from there.</exception>
    /// <exception cref="IOException">The disk is faulty. The half-built file is given up.</exception>
    public bool FillSlice(int size)
    {
        if (_filled >= size)
            return false;
        try
        {
            Fill(Math.Min(size, _filled + Slice));
            Sync();
        }
        catch (DiskFullException)
        {
            Suspend();
            throw;
        }
        catch (IOException)
        {
            GiveUp();
            throw;
        }

        return _filled < size;
    }

    /// <summary>
    /// Makes what has been built the segment with that number, durably, and returns it. At least <paramref name="smallest"/> bytes;
    /// what has been filled beyond that is taken as it is, so that a writer that outruns the builder waits for no more zeros than
    /// it needs.
    /// </summary>
    /// <remarks>
    /// Everything older is durable by now (each commit ends with its sync), so the file may get its name, which says exactly that.
    /// </remarks>
    /// <returns>Null: there is no room. Nothing has changed, call again when there may be.</returns>
    public Segment? TryActivate(long number, int smallest, in Checkpoint checkpoint)
    {
        SegmentHeader header;
        try
        {
            header = new SegmentHeader(identity, number, NextSalt(), FillAtLeast(smallest), checkpoint);
            Span<byte> sector = stackalloc byte[SegmentHeader.Size];
            header.Write(sector);
            _file!.Write(0, sector);
            BytesWritten += sector.Length;
            Sync();
            disk.Rename(TemporaryName, Segment.NameOf(number));
        }
        catch (DiskFullException)
        {
            Suspend();
            return null;
        }

        disk.SyncFolder();
        Syncs++;
        var file = _file;
        _file = null;
        _filled = 0;
        _synced = 0;
        return new Segment(header, file);
    }

    /// <summary>Gives up what has been filled, and the room it takes.</summary>
    public void GiveUp()
    {
        _synced = 0;
        Suspend();
        disk.Delete(TemporaryName);
    }

    /// <inheritdoc/>
    public void Dispose() => _file?.Dispose();

    // A write that met a full disk may have made the file longer than what is filled: the segment takes that, too, because its header
    // names the size of its file.
    private int FillAtLeast(int smallest)
    {
        Open();
        var size = Sectors.RoundUp(Math.Max(Math.Max(_filled, smallest), (int)_file!.Length));
        while (_filled < size)
            Fill(Math.Min(size, _filled + Slice));
        return size;
    }

    private void Open()
    {
        if (_file is not null)
            return;
        if (_synced == 0)
        {
            disk.Delete(TemporaryName);
            _file = disk.Create(TemporaryName);
        }
        else
        {
            _file = disk.Open(TemporaryName);
        }
    }

    private void Fill(int end)
    {
        Open();
        _file!.Write(_filled, Zeros.AsSpan(0, end - _filled));
        BytesWritten += end - _filled;
        _filled = end;
    }

    private void Sync()
    {
        _file!.SyncData();
        _synced = _filled;
        Syncs++;
    }

    // No room: what is synced stays, so that the next attempt costs one slice, and a segment of what there is can be used at need.
    private void Suspend()
    {
        _file?.Dispose();
        _file = null;
        _filled = _synced;
    }

    // SplitMix64: a salt need only be unlike every other one, and a simulation needs the same ones again.
    private ulong NextSalt()
    {
        _saltState += 0x9E37_79B9_7F4A_7C15;
        var mixed = (_saltState ^ (_saltState >> 30)) * 0xBF58_476D_1CE4_E5B9;
        mixed = (mixed ^ (mixed >> 27)) * 0x94D0_49BB_1331_11EB;
        return mixed ^ (mixed >> 31);
    }
}
