using System.Buffers;
using System.Buffers.Binary;
using RaftStream.Raft.Wire;

namespace RaftStream.StreamStateMachine.Tests.Jobs;

/// <summary>One replica of a job, fed by readers of its sources without a log between: each batch is applied as it is taken. A partition's position is the number of its records.</summary>
internal sealed class JobHarness
{
    private readonly ArrayBufferWriter<byte> _command = new();
    private readonly ArrayBufferWriter<byte> _reply = new();
    private readonly int[] _ends = new int[1];
    private readonly IDisk? _files;
    private readonly Dictionary<(int Source, string Partition), PartitionReader> _readers = [];
    private long _index;

    public JobHarness(Job job, IDisk? files = null)
    {
        (Job, _files) = (job, files);
        Machine = new([job], files: files);
    }

    public Job Job { get; }

    public StreamMachine Machine { get; private set; }

    /// <summary>What was applied, in order.</summary>
    public List<Command> Commands { get; } = [];

    public JobInstance Instance => Machine.Jobs.Find(Job.Name)!;

    /// <summary>The log time of the next command, in nanoseconds.</summary>
    public long LogTime { get; set; } = 1;

    /// <summary>The term of the next command.</summary>
    public long Term { get; set; } = 1;

    /// <summary>Makes partitions known.</summary>
    public void Register(int source, params string[] partitions)
    {
        JobCommand.WriteRegister(_command, Job, source, partitions);
        Assert.That(Apply().Problem, Is.EqualTo(JobProblem.None));
    }

    /// <summary>Begins to read a partition that is known.</summary>
    public PartitionReader<T> Open<T>(int source, string partition)
    {
        JobCommand.WriteOpen(_command, Job, source, partition);
        var reply = Apply();
        Assert.That(reply.Problem, Is.EqualTo(JobProblem.None));
        var node = (SourceNode<T>)Job.Sources[source];
        var reader = new PartitionReader<T>(Job, node, partition, reply.Epoch, reply.Position, reply.Watermark);
        _readers[(source, partition)] = reader;
        return reader;
    }

    /// <summary>Pushes records into the only partition of source 0, which is opened at the first call, and applies them as one batch.</summary>
    public void Push<T>(params T[] records) => PushTo(0, "p", records);

    /// <summary>Pushes records into a partition and applies them as one batch.</summary>
    public JobReply PushTo<T>(int source, string partition, params T[] records)
    {
        if (!_readers.TryGetValue((source, partition), out var reader))
        {
            Register(source, partition);
            reader = Open<T>(source, partition);
        }

        foreach (var record in records)
            ((PartitionReader<T>)reader).Push(new(record, null, default), 0);
        return Take(reader);
    }

    /// <summary>Ends the source of a partition: its watermark goes to the end of time.</summary>
    public void End(int source = 0, string partition = "p")
    {
        var reader = _readers[(source, partition)];
        reader.End();
        Take(reader);
    }

    /// <summary>Applies a reader's batch.</summary>
    public JobReply Take(PartitionReader reader)
    {
        reader.Take(_command, Behind(reader.Position, reader.Records));
        return Apply();
    }

    /// <summary>Fires what is due by log time.</summary>
    public void Tick(TimeSpan logTime)
    {
        LogTime += logTime.Ticks * 100;
        JobCommand.WriteTick(_command, Job);
        Apply();
    }

    /// <summary>Applies the command that a function writes.</summary>
    public JobReply Apply(Action<IBufferWriter<byte>> write)
    {
        write(_command);
        return Apply();
    }

    /// <summary>What a sink was given and still has, as text.</summary>
    public IReadOnlyList<string> Outputs(string sink)
    {
        var query = new ArrayBufferWriter<byte>();
        JobQuery.WriteOutputs(query, Job.Name, sink, 0, 1000);
        var reply = Query(query);
        var reader = new MessagePackReader(reply);
        Assert.That(reader.TryReadArrayHeader(out var parts) && parts == 4 && reader.TryReadUInt64(out _) && reader.TryReadInt64(out _) && reader.TryReadInt64(out _), Is.True);
        Assert.That(reader.TryReadArrayHeader(out var count), Is.True);
        var outputs = new List<string>();
        for (var i = 0; i < count; i += 3)
        {
            Assert.That(reader.TryReadInt64(out _) && reader.TryReadInt64(out _), Is.True);
            Assert.That(reader.TryReadBinary(out var bytes), Is.True);
            outputs.Add(System.Text.Encoding.UTF8.GetString(bytes));
        }

        return outputs;
    }

    /// <summary>What a sink is to hand on again.</summary>
    public IReadOnlyList<SinkOutput> Resends(string sink)
    {
        var query = new ArrayBufferWriter<byte>();
        JobQuery.WriteResends(query, Job.Name, sink, 1000);
        return JobRows.ReadOutputs(Query(query))!;
    }

    /// <summary>The dead letters that are kept, those left out that stand for a number alone.</summary>
    public IReadOnlyList<JobLetter> Letters()
    {
        var query = new ArrayBufferWriter<byte>();
        JobQuery.WriteLetters(query, Job.Name, 0, 1000);
        return [.. JobRows.ReadLetters(Query(query))!.Value.Letters.Where(static letter => letter.Reason.Length > 0)];
    }

    /// <summary>Where the job stands.</summary>
    public JobStatus Status()
    {
        var query = new ArrayBufferWriter<byte>();
        JobQuery.WriteStatus(query, Job.Name);
        return JobStatus.Read(Query(query))!;
    }

    /// <summary>Where a partition of a source stands, as the query about it alone says, and the bytes of that answer.</summary>
    public (SourcePosition? Position, int Bytes) Partition(string source, string partition)
    {
        var query = new ArrayBufferWriter<byte>();
        JobQuery.WritePartition(query, Job.Name, source, partition);
        var reply = Query(query);
        return (PartitionAnswer.Read(reply), reply.Length);
    }

    /// <summary>The rows of a table, each as key=value.</summary>
    public IReadOnlyList<string> Rows(string table)
    {
        var query = new ArrayBufferWriter<byte>();
        JobQuery.WriteRange(query, Job.Name, table, [], [], 1000);
        var reply = Query(query);
        var reader = new MessagePackReader(reply);
        Assert.That(reader.TryReadArrayHeader(out var parts) && parts == 3 && reader.TryReadUInt64(out _) && reader.TryReadBoolean(out var isAll) && isAll, Is.True);
        Assert.That(reader.TryReadArrayHeader(out var count), Is.True);
        var info = Job.Tables[table];
        var rows = new List<string>();
        for (var i = 0; i < count; i += 2)
        {
            Assert.That(reader.TryReadBinary(out var key), Is.True);
            var text = info.FormatKey(key);
            Assert.That(reader.TryReadBinary(out var value), Is.True);
            rows.Add($"{text}={Json(info, value)}");
        }

        return rows;
    }

    /// <summary>Writes a snapshot and goes on with a replica that was restored from it.</summary>
    public byte[] Restart()
    {
        var bytes = Snapshot();
        var hash = Machine.StateHash;
        Machine = new([Job], files: _files);
        Machine.Restore(new SnapshotBytes(bytes, new(new(_index), new(1))));
        Assert.That(Machine.StateHash, Is.EqualTo(hash));
        return bytes;
    }

    public byte[] Snapshot()
    {
        var output = new ArrayBufferWriter<byte>();
        using var view = Machine.Capture();
        while (view.WriteNext(output))
        {
            // Each call writes a piece.
        }

        return output.WrittenSpan.ToArray();
    }

    private static SourcePosition Behind(SourcePosition position, long records)
    {
        var number = position.IsStart ? 0 : BinaryPrimitives.ReadInt64BigEndian(position.Bytes.Span);
        if (records == 0)
            return position;
        Span<byte> bytes = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(bytes, number + records);
        return new(bytes);
    }

    private static string Json(TableInfo info, ReadOnlySpan<byte> value)
    {
        using var stream = new MemoryStream();
        using (var writer = new System.Text.Json.Utf8JsonWriter(stream))
            info.WriteValue(writer, value);
        return System.Text.Encoding.UTF8.GetString(stream.ToArray());
    }

    private byte[] Query(ArrayBufferWriter<byte> query)
    {
        var reply = new ArrayBufferWriter<byte>();
        Machine.Query(query.WrittenSpan, reply);
        return reply.WrittenSpan.ToArray();
    }

    private JobReply Apply()
    {
        Command[] commands = [new(new(new(++_index), new(Term)), LogTime, _command.WrittenSpan.ToArray())];
        Commands.Add(commands[0]);
        _command.ResetWrittenCount();
        _reply.ResetWrittenCount();
        var results = new Results(_reply, _ends);
        Machine.Apply(new CommandBatch(commands), ref results);
        return JobReply.TryRead(_reply.WrittenSpan)!;
    }

    internal sealed class SnapshotBytes(byte[] bytes, LogPosition position) : ISnapshotReader
    {
        private int _at;

        public LogPosition Position => position;

        public int Read(Span<byte> destination)
        {
            var count = Math.Min(destination.Length, bytes.Length - _at);
            bytes.AsSpan(_at, count).CopyTo(destination);
            _at += count;
            return count;
        }
    }
}
