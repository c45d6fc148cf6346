using System.Buffers;
using System.Buffers.Binary;

namespace RaftStream.Testing;

/// <summary>
/// One reader of the source, on one of the nodes: it reads from where the log says, goes on while its batches are taken, and begins anew where one was declined or is in doubt. When its node dies, another one reads.
/// </summary>
internal sealed class SinkLoad : ISimulatedWorkload
{
    private const int BatchRecords = 3;
    private const int ReadingClient = 0;

    private readonly ArrayBufferWriter<byte> _command = new();
    private PartitionReader<string>? _reader;
    private bool _isRegistered;
    private int _life;

    /// <summary>Tells how often a node's process has lived, and 0 while it is down.</summary>
    public Func<NodeId, int> LifeOf { get; set; } = static _ => 1;

    /// <summary>The nodes that may read, the one that does first.</summary>
    public List<NodeId> Readers { get; } = [new(1), new(2), new(3)];

    /// <summary>The records that are known to be taken in.</summary>
    public long Acknowledged { get; private set; }

    public IStateMachine CreateMachine() => throw new NotSupportedException("A machine with a file sink needs a disk for its files.");

    public IStateMachine CreateMachine(IDisk files) => new StreamMachine([SinkSource.Job], files: files);

    public void Act(SimulatedClient client)
    {
        if (client.Id != ReadingClient)
            return;
        if (LifeOf(Readers[0]) is var life && (life == 0 || life != _life))
            Move(life);
        if (!_isRegistered)
            Ask(client, static output => JobCommand.WriteRegister(output, SinkSource.Job, 0, [SinkSource.Partition]), _ => _isRegistered = true);
        else if (_reader is null)
            Ask(client, static output => JobCommand.WriteOpen(output, SinkSource.Job, 0, SinkSource.Partition), Open);
        else
            Read(client, _reader);
    }

    public void Check(IReadOnlyList<IStateMachine> replicas)
    {
        // The driver looks at files, which it finds on the nodes' disks.
    }

    /// <summary>Has another node read.</summary>
    public void Hand(NodeId node)
    {
        Readers.Remove(node);
        Readers.Insert(0, node);
        _reader = null;
    }

    public static long RecordsBefore(SourcePosition position) => position.IsStart ? 0 : BinaryPrimitives.ReadInt64BigEndian(position.Bytes.Span);

    /// <summary>What its reader had in memory is gone with its node.</summary>
    private void Move(int life)
    {
        _reader = null;
        if (life == 0 && Readers.Find(node => LifeOf(node) > 0) is { } living && living != NodeId.None)
            Hand(living);
        _life = LifeOf(Readers[0]);
    }

    private void Open(JobReply reply) =>
        _reader = new(SinkSource.Job, (SourceNode<string>)SinkSource.Job.Sources[0], SinkSource.Partition, reply.Epoch, reply.Position, reply.Watermark);

    private void Read(SimulatedClient client, PartitionReader<string> reader)
    {
        var number = RecordsBefore(reader.Position);
        var end = number + BatchRecords;
        for (; number < end; number++)
            reader.Push(new(SinkSource.Record(number), null, default), 0);
        var position = new byte[sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(position, end);
        Ask(client, output => reader.Take(output, new(position)), _ => Acknowledged = Math.Max(Acknowledged, end));
    }

    private void Ask(SimulatedClient client, Action<IBufferWriter<byte>> write, Action<JobReply> applied)
    {
        _command.ResetWrittenCount();
        write(_command);
        var life = _life;
        client.Write(_command.WrittenSpan, answer =>
        {
            if (life != _life)
                return; // Whoever asked is dead.
            if (answer.Outcome == Outcome.Applied && JobReply.TryRead(answer.Reply.Span) is { Problem: JobProblem.None } reply)
                applied(reply);
            else
                _reader = null;
        });
    }
}
