using System.Buffers;
using RaftStream.Raft.Wire;

namespace RaftStream.StreamStateMachine;

/// <summary>
/// The replicated state machine of a node that runs stream jobs: a counting store and the jobs beside it, in one log. Without jobs its state, hash and snapshots are those of the store.
/// </summary>
public sealed class StreamMachine : ICommutingMachine
{
    private readonly CountingStore _store;
    private readonly IReadOnlyList<Job> _defined;
    private readonly Captures _captures = new();
    private readonly IDisk? _files;
    private JobTable _jobs;

    /// <summary>An empty store and no job begun.</summary>
    /// <param name="jobs">The jobs that this program defines: the same ones on all nodes.</param>
    /// <param name="historyBytes">The store's bound on its newest changes: see <see cref="CountingStore(long)"/>.</param>
    /// <param name="files">
    /// The folder for the files of the jobs' sinks, of this machine alone: whatever it holds is deleted, since snapshot and log make all files anew. Null: no job has a file sink.
    /// </param>
    /// <exception cref="ArgumentException">Two jobs have the same name, two file sinks would write the same files, or there is a file sink and no folder.</exception>
    /// <exception cref="IOException">The folder cannot be read or emptied.</exception>
    public StreamMachine(IEnumerable<Job> jobs, long historyBytes = CountingStore.DefaultHistoryBytes, IDisk? files = null)
    {
        _store = new(historyBytes);
        _defined = [.. jobs];
        SinkFolder.Check(_defined, files);
        _files = files;
        _jobs = new(_defined, _captures, files);
        SinkFolder.Empty(files);
    }

    /// <inheritdoc/>
    public ulong StateHash => _store.StateHash + _jobs.Hash;

    /// <summary>The jobs.</summary>
    internal JobTable Jobs => _jobs;

    /// <inheritdoc/>
    public void Apply(in CommandBatch batch, ref Results results)
    {
        foreach (ref readonly var command in batch)
        {
            var reader = new MessagePackReader(command.Payload.Span);
            if (reader.TryReadArrayHeader(out var count) && reader.TryReadUInt64(out var opcode) && opcode is >= (ulong)JobOpcode.Register and <= byte.MaxValue)
                _jobs.Apply(command, (JobOpcode)opcode, count, ref reader, results.Writer);
            else
                _store.Apply(command, results.Writer);
            results.Complete();
        }
    }

    /// <inheritdoc/>
    public void Query(ReadOnlySpan<byte> query, IBufferWriter<byte> reply)
    {
        if (!JobQuery.TryAnswer(query, _jobs, reply))
            _store.Query(query, reply);
    }

    /// <inheritdoc/>
    public bool Commutes(ReadOnlySpan<byte> command) => _store.Commutes(command);

    /// <inheritdoc/>
    public bool TryQueryOver(ReadOnlySpan<byte> query, ReadOnlySpan<ReadOnlyMemory<byte>> pending, IBufferWriter<byte> reply) => _store.TryQueryOver(query, pending, reply);

    /// <inheritdoc/>
    public ISnapshotView Capture()
    {
        if (_jobs.Begun.Count == 0)
            return _store.Capture();
        var jobs = _jobs.Capture();
        return new StreamView(_store.Capture(), _captures.Begin(), jobs);
    }

    /// <inheritdoc/>
    /// <remarks>The files of the sinks are made anew. Where that fails they are not those of the state any more, and the machine must be given up, as a replica does.</remarks>
    public void Restore(ISnapshotReader reader)
    {
        ArgumentNullException.ThrowIfNull(reader);
        var window = new SnapshotWindow(reader);
        var state = _store.Read(window);
        _jobs.CloseFiles();
        SinkFolder.Empty(_files);
        var jobs = new JobTable(_defined, _captures, _files);
        JobsSnapshot.Read(window, jobs);
        window.RequireEnd();
        _store.Adopt(state, reader.Position);
        _jobs = jobs;
    }
}
