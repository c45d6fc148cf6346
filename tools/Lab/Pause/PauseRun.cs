using System.Buffers;
using System.Diagnostics;
using RaftStream.Lab.Bench;
using RaftStream.Raft.Log;

namespace RaftStream.Lab.Pause;

/// <summary>What a run measured; times of batches and captures are those of the applying thread, whatever held it up.</summary>
internal sealed record PauseReport
{
    public required int Keys { get; init; }

    public required int KeyBytes { get; init; }

    public required int Snapshots { get; init; }

    public required double LongestCaptureMs { get; init; }

    public required double LongestBatchMs { get; init; }

    public required double MedianBatchMs { get; init; }

    public required double BatchP999Ms { get; init; }

    public required double LongestFillBatchMs { get; init; }

    public required double LongestQuietBatchMs { get; init; }

    public required double MedianQuietBatchMs { get; init; }

    public required double LongestGcMs { get; init; }

    public required double GcMs { get; init; }

    public required double CommandsPerSecond { get; init; }

    public required double LongestWriteSeconds { get; init; }

    public required double LongestPieceMs { get; init; }

    public required long SnapshotBytes { get; init; }

    public required double RestoreSeconds { get; init; }

    public required double BytesPerKey { get; init; }

    public required double FilledMegabytes { get; init; }

    public required double PeakMegabytes { get; init; }

    public required double RestorePeakMegabytes { get; init; }

    public required double TotalSeconds { get; init; }

    public required bool Verified { get; init; }
}

/// <summary>
/// Fills a store, and then, a few times over, captures it and goes on applying while another thread writes the view to disk as a node
/// would. At the end the last snapshot is restored and compared.
/// </summary>
internal sealed class PauseRun(int keys, int keyBytes, string folder)
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
    private readonly LatencyHistogram _written = new();
    private readonly LatencyHistogram _quiet = new();
    private double _longestFill;
    private double _longestQuiet;
    private double _longestBatch;
    private double _longestCapture;
    private double _longestWrite;
    private double _longestPiece;
    private long _commands;
    private double _writing;

    public PauseReport Run(CancellationToken cancellation)
    {
        var total = Stopwatch.StartNew();
        var before = GC.GetTotalMemory(forceFullCollection: true);
        while (_batches.Known < keys)
            Apply(Math.Min(BatchCommands, keys - _batches.Known), 1, ref _longestFill, null, cancellation);
        var filled = GC.GetTotalMemory(forceFullCollection: true) - before;
        _gc.Begin();
        for (var batch = 0; batch < QuietBatches; batch++)
            Apply(BatchCommands, NewKeyEvery, ref _longestQuiet, _quiet, cancellation);
        using var disk = FileDisk.OpenFolder(folder);
        using var snapshots = SnapshotStore.Open(disk);
        for (var index = 1; index <= Snapshots; index++)
            Snapshot(snapshots, index, cancellation);
        _gc.Look();
        var peak = PeakMegabytes();
        var manifest = snapshots.Newest!;
        var clock = Stopwatch.StartNew();
        var copy = new CountingStore();
        using (var reader = snapshots.OpenReader(manifest.Position))
            copy.Restore(reader);
        return new()
        {
            Keys = keys,
            KeyBytes = keyBytes,
            Snapshots = Snapshots,
            LongestCaptureMs = _longestCapture,
            LongestBatchMs = _longestBatch,
            MedianBatchMs = _written.Percentile(0.5),
            BatchP999Ms = _written.Percentile(0.999),
            LongestFillBatchMs = _longestFill,
            LongestQuietBatchMs = _longestQuiet,
            MedianQuietBatchMs = _quiet.Percentile(0.5),
            LongestGcMs = _gc.Longest.TotalMilliseconds,
            GcMs = _gc.Total.TotalMilliseconds,
            CommandsPerSecond = _commands / _writing,
            LongestWriteSeconds = _longestWrite,
            LongestPieceMs = _longestPiece,
            SnapshotBytes = manifest.Length,
            RestoreSeconds = clock.Elapsed.TotalSeconds,
            BytesPerKey = filled / (double)keys,
            FilledMegabytes = filled / 1e6,
            PeakMegabytes = peak,
            RestorePeakMegabytes = PeakMegabytes(),
            TotalSeconds = total.Elapsed.TotalSeconds,
            Verified = copy.StateHash == manifest.Description.StateHash,
        };
    }

    private void Snapshot(SnapshotStore snapshots, int index, CancellationToken cancellation)
    {
        var description = new SnapshotDescription(new(new(index), new(1)), 0, _store.StateHash, ReadOnlyMemory<byte>.Empty);
        var clock = Stopwatch.StartNew();
        var view = _store.Capture();
        _longestCapture = Math.Max(_longestCapture, clock.Elapsed.TotalMilliseconds);
        Exception? failure = null;
        var disk = new Thread(() => failure = Write(snapshots, description, view)) { Name = "disk" };
        disk.Start();
        var commands = 0;
        while (disk.IsAlive && !cancellation.IsCancellationRequested)
        {
            Apply(BatchCommands, NewKeyEvery, ref _longestBatch, _written, CancellationToken.None);
            commands += BatchCommands;
        }

        disk.Join();
        (_commands, _writing) = (_commands + commands, _writing + clock.Elapsed.TotalSeconds);
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
                bool isMore;
                do
                {
                    var length = writer.Length;
                    var clock = Stopwatch.StartNew();
                    isMore = view.WriteNext(writer);
                    if (length >> 20 == writer.Length >> 20) // A piece that fills a chunk waits for the disk, too.
                        _longestPiece = Math.Max(_longestPiece, clock.Elapsed.TotalMilliseconds);
                }
                while (isMore);
                writer.Finish();
            }

            return null;
        }
        catch (IOException failure)
        {
            return failure;
        }
    }

    private void Apply(int count, int newEvery, ref double longest, LatencyHistogram? histogram, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        var batch = _batches.Next(count, newEvery);
        var results = _batches.NewResults(count);
        var clock = Stopwatch.StartNew();
        _store.Apply(batch, ref results);
        var elapsed = clock.Elapsed;
        longest = Math.Max(longest, elapsed.TotalMilliseconds);
        histogram?.Record(elapsed);
        _gc.Look();
    }

    private static double PeakMegabytes()
    {
        using var process = Process.GetCurrentProcess();
        return process.PeakWorkingSet64 / 1e6;
    }
}
