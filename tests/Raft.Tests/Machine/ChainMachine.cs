using System.Buffers;
using System.Buffers.Binary;

namespace RaftStream.Raft.Tests.Machine;

/// <summary>
/// A state machine whose state is a hash over all its commands in order. A command is eight bytes and the length of its reply, which
/// repeats its first byte.
/// </summary>
internal sealed class ChainMachine : IStateMachine
{
    /// <summary>What was applied by this instance, in order.</summary>
    public List<byte[]> Ran { get; } = [];

    /// <summary>How many batches it came in.</summary>
    public int Batches { get; private set; }

    public ulong StateHash { get; private set; }

    public static byte[] Command(long number, int replyLength)
    {
        var command = new byte[12];
        BinaryPrimitives.WriteInt64LittleEndian(command, number);
        BinaryPrimitives.WriteInt32LittleEndian(command.AsSpan(8), replyLength);
        return command;
    }

    public static byte[] ReplyTo(ReadOnlySpan<byte> command)
    {
        var reply = new byte[BinaryPrimitives.ReadInt32LittleEndian(command[8..])];
        Array.Fill(reply, command[0]);
        return reply;
    }

    public void Apply(in CommandBatch batch, ref Results results)
    {
        Batches++;
        foreach (ref readonly var command in batch)
        {
            Ran.Add(command.Payload.ToArray());
            StateHash = SessionHash.Add(SessionHash.Add(StateHash, command.Position.Index.Value), command.Payload.Span);
            results.Writer.Write(ReplyTo(command.Payload.Span));
            results.Complete();
        }
    }

    public void Query(ReadOnlySpan<byte> query, IBufferWriter<byte> reply) => reply.Write(query);

    public ISnapshotView Capture() => new View(StateHash);

    public void Restore(ISnapshotReader reader)
    {
        var bytes = new byte[9];
        var read = 0;
        for (var count = 1; count > 0 && read < bytes.Length; read += count)
            count = reader.Read(bytes.AsSpan(read));
        if (read != 8)
            throw new InvalidDataException("A chain is eight bytes.");
        StateHash = BinaryPrimitives.ReadUInt64LittleEndian(bytes);
    }

    private sealed class View(ulong hash) : ISnapshotView
    {
        private bool _isWritten;

        public bool WriteNext(IBufferWriter<byte> destination)
        {
            if (_isWritten)
                return false;
            _isWritten = true;
            BinaryPrimitives.WriteUInt64LittleEndian(destination.GetSpan(8), hash);
            destination.Advance(8);
            return true;
        }

        public void Dispose()
        {
        }
    }
}
