using System.Buffers;

namespace RaftStream.Raft.Tests.Simulating;

#region docs/simulate-your-own.md: machine
/// <summary>The smallest state machine: the last bytes that anybody wrote.</summary>
internal sealed class Register : IStateMachine
{
    private byte[] _value = [];

    public ulong StateHash => _value.Length == 0 ? 0 : BitConverter.ToUInt64(_value);

    public void Apply(in CommandBatch batch, ref Results results)
    {
        foreach (ref readonly var command in batch)
        {
            _value = command.Payload.ToArray();
            results.Complete();
        }
    }

    public void Query(ReadOnlySpan<byte> query, IBufferWriter<byte> reply) => reply.Write(_value);

    public ISnapshotView Capture() => new View(_value);

    public void Restore(ISnapshotReader reader)
    {
        var bytes = new byte[8];
        _value = reader.Read(bytes) == 8 ? bytes : [];
    }

    private sealed class View(byte[] value) : ISnapshotView
    {
        public bool WriteNext(IBufferWriter<byte> destination)
        {
            destination.Write(value);
            return false;
        }

        public void Dispose()
        {
        }
    }
}
#endregion
