using System.Diagnostics;
using RaftStream.Raft.Log;

namespace RaftStream.Lab.Pause;

/// <summary>What a run measured. Memory in bytes, as the process had it at most.</summary>
/// <param name="Capture">Capturing.</param>
/// <param name="Batch">Applying a batch while a view is written.</param>
/// <param name="QuietBatch">Applying a batch while there is none.</param>
/// <param name="FillBatch">Applying a batch of new keys while the store was filled.</param>
/// <param name="Piece">Making a piece of a view, on the disk's thread, without those that write to the disk.</param>
internal sealed record PauseReport(
    int Keys,
    int KeyBytes,
    PauseTimes Capture,
    PauseTimes Batch,
    PauseTimes QuietBatch,
    PauseTimes FillBatch,
    PauseTimes Piece,
    double LongestGcMs,
    double GcMs,
    double CommandsPerSecond,
    double LongestWriteSeconds,
    long SnapshotBytes,
    double RestoreSeconds,
    double BytesPerKey,
    long FilledBytes,
    long PeakBytes,
    long RestorePeakBytes,
    double TotalSeconds,
    bool Verified);

/// <summary>
/// Fills a store, and then, a few times over, captures it and goes on applying while another thread writes the view to disk as a node
/// would. At the end the last snapshot is restored and compared.
/// </summary>
internal sealed class PauseRun(int keys, int keyBytes, string folder) : IDisposable
{
    /// <summary>Commands of a batch, as many as a node applies in one run.</summary>
    public const int BatchCommands = 512;

    private const int Snapshots = 3;
    private const int QuietBatches = 400;

    /// <summary>One command of so many adds a key that is new.</summary>
    private const int NewKeyEvery = 8;

    private readonly CountingStore _store = new();
    private readonly BatchMaker _batches = new(keyBytes);
    private readonly GcWatch _gc = new();
    private readonly PauseMeter _capture = new();
    private readonly PauseMeter _batch = new();
    private readonly PauseMeter _quiet = new();
    private readonly PauseMeter _fill = new();
    private PauseTimes _piece = new(0, 0, 0, 0, 0);
    private double _longestWrite;
    private double _writing;

    public void Dispose()
    {
        _capture.Dispose();
        _batch.Dispose();
        _quiet.Dispose();
        _fill.Dispose();
    }

    public PauseReport Run(CancellationToken cancellation)
    {
        var total = Stopwatch.StartNew();
        var before = GC.GetTotalMemory(forceFullCollection: true);
        while (_batches.Known < keys)
            Apply(Math.Min(BatchCommands, keys - _batches.Known), 1, _fill, cancellation);
        var filled = GC.GetTotalMemory(forceFullCollection: true) - before;
        _gc.Begin();
        for (var batch = 0; batch < QuietBatches; batch++)
            Apply(BatchCommands, NewKeyEvery, _quiet, cancellation);
        using var disk = FileDisk.OpenFolder(folder);
        using var snapshots = SnapshotStore.Open(disk);
        for (var index = 1; index <= Snapshots; index++)
            Snapshot(snapshots, index, cancellation);
        _gc.Look();
        var peak = PeakBytes();
        var manifest = snapshots.Newest!;
        var clock = Stopwatch.StartNew();
        var copy = new CountingStore();
        using (var reader = snapshots.OpenReader(manifest.Position))
            copy.Restore(reader);
        var times = _batch.Times;
        return new(
            keys,
            keyBytes,
            _capture.Times,
            times,
            _quiet.Times,
            _fill.Times,
            _piece,
            _gc.Longest.TotalMilliseconds,
            _gc.Total.TotalMilliseconds,
            times.Count * BatchCommands / _writing,
            _longestWrite,
            manifest.Length,
            clock.Elapsed.TotalSeconds,
            filled / (double)keys,
            filled,
            peak,
            PeakBytes(),
            total.Elapsed.TotalSeconds,
            copy.StateHash == manifest.Description.StateHash);
    }

    private void Snapshot(SnapshotStore snapshots, int index, CancellationToken cancellation)
    {
        var description = new SnapshotDescription(new(new(index), new(1)), 0, _store.StateHash, ReadOnlyMemory<byte>.Empty);
        _capture.Start();
        var view = _store.Capture();
        _capture.Stop();
        Exception? failure = null;
        var disk = new Thread(() => failure = Write(snapshots, description, view)) { Name = "disk" };
        var clock = Stopwatch.StartNew();
        disk.Start();
        while (disk.IsAlive && !cancellation.IsCancellationRequested)
            Apply(BatchCommands, NewKeyEvery, _batch, CancellationToken.None);
        disk.Join();
        _writing += clock.Elapsed.TotalSeconds;
        _longestWrite = Math.Max(_longestWrite, clock.Elapsed.TotalSeconds);
        if (failure is not null)
            throw new IOException($"The snapshot could not be written: {failure.Message}", failure);
        cancellation.ThrowIfCancellationRequested();
    }

    /// <summary>What the disk thread of a node does with a view; gives back what went wrong.</summary>
    private IOException? Write(SnapshotStore snapshots, SnapshotDescription description, ISnapshotView view)
    {
        try
        {
            using (view)
            {
                using var writer = snapshots.BeginWrite(description);
                using var meter = new PauseMeter();
                bool isMore;
                do
                {
                    var chunks = writer.Chunks;
                    meter.Start();
                    isMore = view.WriteNext(writer);
                    if (chunks == writer.Chunks) // A piece that fills a chunk waits for the disk, too.
                        meter.Stop();
                }
                while (isMore);
                writer.Finish();
                if (meter.Times.LongestOwn > _piece.LongestOwn)
                    _piece = meter.Times;
            }

            return null;
        }
        catch (IOException failure)
        {
            return failure;
        }
    }

    private void Apply(int count, int newEvery, PauseMeter meter, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        var batch = _batches.Next(count, newEvery);
        var results = _batches.NewResults(count);
        meter.Start();
        _store.Apply(batch, ref results);
        meter.Stop();
        _gc.Look();
    }

    private static long PeakBytes()
    {
        using var process = Process.GetCurrentProcess();
        return process.PeakWorkingSet64;
    }
}
