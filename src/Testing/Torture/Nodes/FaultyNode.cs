using System.Diagnostics;
using System.Text.Json;

namespace RaftStream.Testing;

/// <summary>
/// A clock and a disk for a node under test, and the thread that looks every few milliseconds for what the lab wants of them: see
/// <see cref="NodeFaults"/>. Owned by the process of the node.
/// </summary>
/// <remarks>
/// A sync that is to fail and a power cut come once for each wish: an earlier process of this node that has told the wish's number has had it. A power
/// cut is to fall into a sync, where alone there is something to lose: a log writes and syncs in one breath. Where none comes, it is not waited for.
/// </remarks>
internal sealed class FaultyNode : IDisposable
{
    private const double FastestClock = 100;
    private const long WallStepMs = 100;
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(4);
    private static readonly TimeSpan TellEvery = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan CutPatience = TimeSpan.FromMilliseconds(100);

    private readonly string _folder;
    private readonly IClock _trueClock;
    private readonly Action _powerOff;
    private readonly Action<string> _complain;
    private readonly FaultyClock _clock;
    private readonly DiskFaults _disk = new();
    private readonly ManualResetEventSlim _stop = new();
    private readonly Thread _thread;
    private readonly long _seenBefore;
    private volatile FaultyDisk? _opened;
    private byte[]? _read;
    private NodeFaultsSeen? _told;
    private long _toldAt;
    private long _sequence;
    private long _wallLowMs = long.MaxValue;
    private long _wallHighMs = long.MinValue;

    /// <summary>
    /// Looks once, and goes on looking until it is disposed of. <paramref name="powerOff"/> ends the process at once; <paramref name="complain"/> is given
    /// one sentence on whatever is wrong with the files. What the node keeps in a folder called <paramref name="unsyncedFolder"/> it never syncs and makes anew at each start: a power cut decides nothing there.
    /// </summary>
    /// <exception cref="IOException">The folder cannot be read or written to.</exception>
    public FaultyNode(string folder, IClock trueClock, Action powerOff, Action<string> complain, string unsyncedFolder = "")
    {
        (_folder, _trueClock, _powerOff, _complain, _clock) = (folder, trueClock, powerOff, complain, new(trueClock));
        _seenBefore = _sequence = NodeFaultsFile.ReadSeen(folder)?.Sequence ?? 0;
        Io = new(_clock, opened => Path.GetFileName(opened) == unsyncedFolder ? new PassingDisk(FileDisk.OpenFolder(opened), _disk) : OpenDisk(opened));
        Poll();
        _thread = new(Run) { Name = "faults", IsBackground = true };
        _thread.Start();
    }

    /// <summary>What the node is to run over.</summary>
    public NodeIo Io { get; }

    /// <summary>Stops looking, and tells the last of what was done.</summary>
    public void Dispose()
    {
        _stop.Set();
        _thread.Join();
        Tell(atOnce: true);
        _stop.Dispose();
    }

    private FaultyDisk OpenDisk(string folder)
    {
        var real = FileDisk.OpenFolder(folder);
        try
        {
            return _opened = new(real, _disk, _powerOff);
        }
        catch
        {
            real.Dispose();
            throw;
        }
    }

    private void Run()
    {
        while (!_stop.Wait(Look))
        {
            try
            {
                Poll();
            }
            catch (IOException failure)
            {
                // The lab waits in vain for an answer, and says so; the node itself has no part in it.
                _complain($"The files of the faults in '{_folder}' cannot be used now: {failure.Message}");
            }
        }
    }

    private void Poll()
    {
        var bytes = NodeFaultsFile.Read(Path.Combine(_folder, NodeFaults.FileName));
        if (bytes is not null && (_read is null || !bytes.AsSpan().SequenceEqual(_read)))
        {
            _read = bytes;
            if (Parse(bytes) is { } faults)
                Take(faults);
        }

        LookAtWallClock();
        Tell(atOnce: false);
    }

    private NodeFaults? Parse(byte[] bytes)
    {
        NodeFaults? faults = null;
        try
        {
            faults = JsonSerializer.Deserialize(bytes, NodeFaultsJson.Default.NodeFaults);
        }
        catch (JsonException malformed)
        {
            _complain($"'{NodeFaults.FileName}' in '{_folder}' is no JSON of faults ({malformed.Message}): nothing of it is done.");
        }

        if (faults is null || faults is { ClockRate: > 0 and <= FastestClock, DiskSlowMs: >= 0 and <= 60_000 })
            return faults;
        _complain($"'{NodeFaults.FileName}' in '{_folder}' wants a clock rate of {faults.ClockRate} and {faults.DiskSlowMs} ms an operation: give a rate above 0 and up to {FastestClock}, and 0 to 60000 ms. Nothing of it is done.");
        return null;
    }

    private void Take(NodeFaults faults)
    {
        var isNew = faults.Sequence > _seenBefore;
        _sequence = Math.Max(_sequence, faults.Sequence);
        (_wallLowMs, _wallHighMs) = (long.MaxValue, long.MinValue);
        LookAtWallClock();
        _clock.Set(faults.ClockRate, faults.ClockJumpMs);
        _disk.IsFull = faults.IsDiskFull;
        _disk.SlowMs = faults.DiskSlowMs;
        _disk.SyncFails = faults.SyncFails && isNew;
        if (faults.PowerCut != 0 && isNew)
            CutPower(faults.PowerCut);
    }

    private void CutPower(long seed)
    {
        Tell(atOnce: true);
        _disk.CutInSync = seed;
        _stop.Wait(CutPatience);
        if (_opened is { } disk)
            disk.CutPower(seed);
        else
            _powerOff();
    }

    /// <summary>To a tenth of a second, outwards: what changed with every look would be written with every look.</summary>
    private void LookAtWallClock()
    {
        var lessBoot = WallClocks.LessBootMs(_trueClock);
        _wallLowMs = Math.Min(_wallLowMs, lessBoot - (lessBoot % WallStepMs));
        _wallHighMs = Math.Max(_wallHighMs, lessBoot + WallStepMs - (lessBoot % WallStepMs));
    }

    private void Tell(bool atOnce)
    {
        var seen = new NodeFaultsSeen(_sequence, _disk.SlowOperations, _disk.RefusedWrites, _disk.FailedSyncs, _clock.Rate, _clock.JumpMs) { WallLowMs = _wallLowMs, WallHighMs = _wallHighMs };
        if (seen == _told || !(atOnce || seen.Sequence != _told?.Sequence || Stopwatch.GetElapsedTime(_toldAt) >= TellEvery))
            return;
        NodeFaultsFile.WriteSeen(_folder, seen);
        (_told, _toldAt) = (seen, Stopwatch.GetTimestamp());
    }
}
