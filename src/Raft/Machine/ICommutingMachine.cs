using System.Buffers;

namespace RaftStream.Raft;

/// <summary>
/// A state machine some of whose commands commute: wherever in the log one of them comes to stand, it does what its caller meant. Only those may be written with
/// <see cref="WriteConcern.Available"/>, which promises that they are applied, and not when.
/// </summary>
public interface ICommutingMachine : IStateMachine
{
    /// <summary>Whether a command commutes. By its bytes alone; called from any thread, for any bytes, and throws for none.</summary>
    bool Commutes(ReadOnlySpan<byte> command);

    /// <summary>
    /// Answers a query as <see cref="IStateMachine.Query"/> would if these commands, all of which commute, had been applied last. False: not this query; nothing is written.
    /// Must not change anything.
    /// </summary>
    bool TryQueryOver(ReadOnlySpan<byte> query, ReadOnlySpan<ReadOnlyMemory<byte>> pending, IBufferWriter<byte> reply);
}
