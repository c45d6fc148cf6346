using System.Buffers;

namespace RaftStream.Raft;

/// <summary>
/// A deterministic state machine that every replica feeds with the same commands in the same order. All calls come from one
/// thread, one at a time. The same commands must give the same state, results and snapshot bytes on every replica: no wall clock,
/// no randomness, no culture, no iteration over a hash order.
/// </summary>
public interface IStateMachine
{
    /// <summary>
    /// Applies a run of committed commands in log order and adds exactly one result for each.
    /// An exception stops the replica: it would diverge from the others.
    /// </summary>
    /// <param name="batch">Commands at consecutive or increasing indexes.</param>
    /// <param name="results">Takes one reply per command, in the same order.</param>
    void Apply(in CommandBatch batch, ref Results results);

    /// <summary>Answers a query from the state as it is. Must not change anything.</summary>
    void Query(ReadOnlySpan<byte> query, IBufferWriter<byte> reply);

    /// <summary>
    /// Fixes the state of this moment for a snapshot; later commands do not show in the view. At most one view lives at a time: the
    /// next call comes only after the last view was disposed of.
    /// </summary>
    ISnapshotView Capture();

    /// <summary>Replaces the whole state by the one in a snapshot.</summary>
    /// <exception cref="InvalidDataException">The bytes are no snapshot of this machine.</exception>
    void Restore(ISnapshotReader reader);

    /// <summary>
    /// A 64-bit hash of the whole state, equal on replicas whose state is equal. Kept incrementally, so that it can be asked for
    /// after every batch.
    /// </summary>
    ulong StateHash { get; }
}

/// <summary>A state fixed at one moment, written out piece by piece. The bytes are canonical: equal states give equal bytes.</summary>
public interface ISnapshotView : IDisposable
{
    /// <summary>Writes the next piece, about 64 KiB at the most; false once everything has been written.</summary>
    bool WriteNext(IBufferWriter<byte> destination);
}

/// <summary>The bytes of a snapshot, read from start to end.</summary>
public interface ISnapshotReader
{
    /// <summary>The last log entry whose effect the snapshot holds.</summary>
    LogPosition Position { get; }

    /// <summary>Reads the next bytes; 0 only at the end.</summary>
    int Read(Span<byte> destination);
}
