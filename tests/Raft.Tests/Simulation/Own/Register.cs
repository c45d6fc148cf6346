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
        // A read may give less than there is room for: only 0 is the end.
        var (bytes, count) = (new byte[8], 0);
        while (count < bytes.Length && reader.Read(bytes.AsSpan(count)) is > 0 and var more)
            count += more;
        _value = count == bytes.Length ? bytes : [];
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
