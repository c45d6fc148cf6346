using System.Buffers;

namespace RaftStream.Testing;

/// <summary>
/// The state machine under test, one command at a time, so that what each entry did can be compared between replicas, index by index.
/// </summary>
internal sealed class RecordingMachine(IStateMachine inner, SimNode node, Checker checker) : ICommutingMachine
{
    private readonly Command[] _one = new Command[1];

    public ulong StateHash => inner.StateHash;

    public void Apply(in CommandBatch batch, ref Results results)
    {
        foreach (ref readonly var command in batch)
        {
            _one[0] = command;
            inner.Apply(new CommandBatch(_one), ref results);
            checker.OnApplied(node, command, inner.StateHash);
        }
    }

    public void Query(ReadOnlySpan<byte> query, IBufferWriter<byte> reply) => inner.Query(query, reply);

    public bool Commutes(ReadOnlySpan<byte> command) => inner is ICommutingMachine commuting && commuting.Commutes(command);

    public bool TryQueryOver(ReadOnlySpan<byte> query, ReadOnlySpan<ReadOnlyMemory<byte>> pending, IBufferWriter<byte> reply) =>
        inner is ICommutingMachine commuting && commuting.TryQueryOver(query, pending, reply);

    public ISnapshotView Capture() => inner.Capture();

    public void Restore(ISnapshotReader reader) => inner.Restore(reader);
}
