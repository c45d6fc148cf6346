using System.Buffers;
using System.Buffers.Binary;

namespace RaftStream.Raft.Tests.Runtime;

/// <summary>The smallest state machine: adds the 64-bit number in each command, replies with the sum. Those that add nothing below 0 say that they commute.</summary>
internal sealed class SumMachine : ICommutingMachine
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
            Write(Sum, results.Writer);
            results.Complete();
        }
    }

    public void Query(ReadOnlySpan<byte> query, IBufferWriter<byte> reply) => Write(Sum, reply);

    public bool Commutes(ReadOnlySpan<byte> command) => command.Length == 8 && BinaryPrimitives.ReadInt64LittleEndian(command) >= 0;

    public bool TryQueryOver(ReadOnlySpan<byte> query, ReadOnlySpan<ReadOnlyMemory<byte>> pending, IBufferWriter<byte> reply)
    {
        if (!query.IsEmpty)
            return false;
        var sum = Sum;
        foreach (var command in pending)
            sum += BinaryPrimitives.ReadInt64LittleEndian(command.Span);
        Write(sum, reply);
        return true;
    }

    public ISnapshotView Capture() => new View(Sum);

    public void Restore(ISnapshotReader reader)
    {
        var bytes = new byte[8];
        if (reader.Read(bytes) != 8)
            throw new InvalidDataException("A sum is eight bytes.");
        Sum = BinaryPrimitives.ReadInt64LittleEndian(bytes);
    }

    private static void Write(long sum, IBufferWriter<byte> to)
    {
        BinaryPrimitives.WriteInt64LittleEndian(to.GetSpan(8), sum);
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
