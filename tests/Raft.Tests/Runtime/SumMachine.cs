using System.Buffers;
using System.Buffers.Binary;

namespace RaftStream.Raft.Tests.Runtime;

/// <summary>The smallest state machine: adds the 64-bit number in each command, replies with the sum.</summary>
internal sealed class SumMachine : IStateMachine
{
    public long Sum { get; private set; }

    public ulong StateHash => (ulong)Sum * 0x9E37_79B9_7F4A_7C15;

    public static byte[] Add(long delta)
    {
        var command = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(command, delta);
        return command;
    }

    public static long ValueOf(Answer answer) => BinaryPrimitives.ReadInt64LittleEndian(answer.Reply.Span);

    public void Apply(in CommandBatch batch, ref Results results)
    {
        foreach (ref readonly var command in batch)
        {
            Sum += BinaryPrimitives.ReadInt64LittleEndian(command.Payload.Span);
            Write(results.Writer);
            results.Complete();
        }
    }

    public void Query(ReadOnlySpan<byte> query, IBufferWriter<byte> reply) => Write(reply);

    public ISnapshotView Capture() => new View(Sum);

    public void Restore(ISnapshotReader reader)
    {
        var bytes = new byte[8];
        if (reader.Read(bytes) != 8)
            throw new InvalidDataException("A sum is eight bytes.");
        Sum = BinaryPrimitives.ReadInt64LittleEndian(bytes);
    }

    private void Write(IBufferWriter<byte> to)
    {
        BinaryPrimitives.WriteInt64LittleEndian(to.GetSpan(8), Sum);
        to.Advance(8);
    }

    private sealed class View(long sum) : ISnapshotView
    {
        private bool _written;

        public bool WriteNext(IBufferWriter<byte> destination)
        {
            if (_written)
                return false;
            _written = true;
            BinaryPrimitives.WriteInt64LittleEndian(destination.GetSpan(8), sum);
            destination.Advance(8);
            return true;
        }

        public void Dispose()
        {
        }
    }
}
