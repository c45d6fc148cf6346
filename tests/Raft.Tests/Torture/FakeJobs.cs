using System.Buffers;
using System.Text;
using RaftStream.StreamStateMachine;
using RaftStream.Testing;

namespace RaftStream.Raft.Tests.Torturing;

/// <summary>
/// The lab's stream jobs on one machine in memory, without a log between: each batch is applied as it comes, and log time goes on with every command. Whoever subscribes is told what is there, or a part of it. Used under the
/// lock of its system.
/// </summary>
internal sealed class FakeJobs
{
    private const long LogTimeOfCommand = 20_000_000;
    private const long LogTimeOfTick = 1_000_000_000;

    private readonly StreamMachine _machine;
    private readonly ArrayBufferWriter<byte> _command = new();
    private readonly ArrayBufferWriter<byte> _reply = new();
    private readonly int[] _ends = new int[1];
    private long _index;
    private long _logTime;

    /// <summary>Begins all jobs, as the leader's node does.</summary>
    /// <param name="files">Where their sinks write.</param>
    public FakeJobs(IDisk files)
    {
        _machine = new(TortureJobs.ForNodes, files: files);
        foreach (var job in TortureJobs.ForNodes)
            Begin(job);
    }

    public JobTaken Take(JobLines batch)
    {
        var job = JobOf(batch.Job);
        var source = job.Sources.First(one => one.Name == batch.Source);
        var command = source.Take(job, batch.Producer, batch.First, batch.Lines, 0, out _)!;
        var reply = Apply(command, LogTimeOfCommand);
        return reply.Problem switch
        {
            JobProblem.None => new(AnswerKind.Ok, batch.Lines.Count, _index),
            JobProblem.WrongPosition when ProducerPosition.SequenceOf(reply.Position) >= batch.First - 1 + batch.Lines.Count => new(AnswerKind.Ok, 0, _index),
            _ => new(AnswerKind.Unknown),
        };
    }

    public JobRowsTold Rows(string job, string table)
    {
        JobQuery.WriteRange(_command, job, table, [], [], 1000);
        if (!JobRows.TryReadRows(Query(), out _, out _, out var stored))
            return new(AnswerKind.Failed, []);
        var info = JobOf(job).Tables[table];
        return new(AnswerKind.Ok, [.. stored.Select(row => (info.FormatKey(row.Key.Span), Value(info, row.Value.Span)))], _index);
    }

    /// <summary>Where a job stands, after a while in which timers of log time fired.</summary>
    public JobStands? Stands(string job)
    {
        Tick(JobOf(job));
        JobQuery.WriteStatus(_command, job);
        return JobStatus.Read(Query()) is not { } status ? null : new(
            status.Sinks.ToDictionary(static sink => sink.Sink, static sink => sink.Next, StringComparer.Ordinal),
            status.Late.ToDictionary(static late => late.Operator, static late => late.Records, StringComparer.Ordinal),
            status.DeadLetters);
    }

    public IReadOnlyList<JobOutput> Outputs(string job, string sink, long from)
    {
        var outputs = new List<JobOutput>();
        while (true)
        {
            JobQuery.WriteOutputs(_command, job, sink, from, 1000);
            if (JobRows.ReadOutputs(Query()) is not { Count: > 0 } page)
                return outputs;
            outputs.AddRange(page.Select(static output => new JobOutput(output.Sequence, output.Text)));
            from = outputs[^1].Sequence + 1;
        }
    }

    private static Job JobOf(string name) => TortureJobs.Of(name)!.Job;

    private static string Value(TableInfo info, ReadOnlySpan<byte> stored)
    {
        var text = new ArrayBufferWriter<byte>();
        using (var json = new System.Text.Json.Utf8JsonWriter(text))
            info.WriteValue(json, stored);
        return Encoding.UTF8.GetString(text.WrittenSpan);
    }

    private void Begin(Job job)
    {
        JobCommand.WriteRegister(_command, job, 0, []);
        Apply(_command.WrittenSpan.ToArray(), LogTimeOfCommand);
        _command.ResetWrittenCount();
    }

    private void Tick(Job job)
    {
        JobCommand.WriteTick(_command, job);
        Apply(_command.WrittenSpan.ToArray(), LogTimeOfTick);
        _command.ResetWrittenCount();
    }

    private JobReply Apply(byte[] command, long logTime)
    {
        _logTime += logTime;
        _reply.ResetWrittenCount();
        var results = new Results(_reply, _ends);
        Command[] commands = [new(new(new(++_index), new(1)), _logTime, command)];
        _machine.Apply(new CommandBatch(commands), ref results);
        return JobReply.TryRead(_reply.WrittenSpan)!;
    }

    private ReadOnlySpan<byte> Query()
    {
        _reply.ResetWrittenCount();
        _machine.Query(_command.WrittenSpan, _reply);
        _command.ResetWrittenCount();
        return _reply.WrittenSpan;
    }
}
