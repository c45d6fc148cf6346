using System.Buffers;
using RaftStream.Raft.Wire;

namespace RaftStream.StreamStateMachine;

/// <summary>
/// How far event time has come, for each set of sources that operators depend on (a domain), and the firing of what is due.
/// </summary>
/// <remarks>
/// A watermark moves in steps: all timers up to it fire in the order of their times, and of operators where these are equal, and only then does it stand. While a timer for t fires, the
/// operators up to its own have seen t and those behind have not, so what it gives out is on time for them. Flink has each operator see a watermark after those before it, which comes to the same.
/// How many timers fire in one command is bounded; while some are still due, the job takes no records. Where the watermark is on its way to is part of the state then: what was seen of it is not
/// taken back by a partition that becomes known in between.
/// </remarks>
internal sealed class JobClock(JobContext context)
{
    /// <summary>Behind the key of a watermark: the key of its step, while it moves.</summary>
    private const byte StepPart = 1;

    private readonly long[] _watermarks = new long[context.Job.Domains.Count];
    private readonly Step?[] _steps = new Step?[context.Job.Domains.Count];
    private readonly KeyBuffer _key = new();
    private readonly ArrayBufferWriter<byte> _value = new(32);

    /// <summary>Reads where the watermarks stand: when a command begins, and when one was taken back.</summary>
    public void Load()
    {
        for (var domain = 0; domain < _watermarks.Length; domain++)
        {
            WriteKey(domain);
            _watermarks[domain] = context.State.TryGet(_key.Span, out var stored) ? Codecs.Int64.Read(stored) : long.MinValue;
            _key.Write(StepPart);
            _steps[domain] = context.State.TryGet(_key.Span, out stored) ? Step.Read(stored) : null;
        }
    }

    /// <summary>The watermark of a domain.</summary>
    public long WatermarkOf(int domain) => _watermarks[domain];

    /// <summary>The watermark as an operator sees it.</summary>
    public long WatermarkOf(TopologyNode node)
    {
        var standing = _watermarks[node.Domain];
        return _steps[node.Domain] is not { } step ? standing : Math.Max(standing, node.Id <= step.Node ? step.Time : step.Time - 1);
    }

    /// <summary>Whether all sources of an operator have ended: its watermark is at the end of time, or on its way there.</summary>
    public bool HasEnded(TopologyNode node) => Goal(node.Domain) == long.MaxValue;

    /// <summary>Whether timers are due that the commands so far have not fired.</summary>
    public bool IsBehind
    {
        get
        {
            for (var domain = 0; domain < _watermarks.Length; domain++)
            {
                if (Goal(domain) > _watermarks[domain])
                    return true;
            }

            return false;
        }
    }

    /// <summary>Fires what is due, so many timers at the most. False: more are due.</summary>
    public bool Fire(ApplyPipeline pipeline, int most)
    {
        while (context.Timers.TakeLog() is { } due)
        {
            Fire(pipeline, due);
            if (--most > 0)
                continue;
            KeepSteps();
            return false;
        }

        for (var domain = 0; domain < _watermarks.Length; domain++)
        {
            var target = Goal(domain);
            while (context.Timers.TakeEvent(domain, target) is { } due)
            {
                _steps[domain] = (_steps[domain] ?? Step.Unbegun).Reach(target, due);
                Fire(pipeline, due);
                if (--most > 0)
                    continue;
                KeepSteps();
                return false;
            }

            Stand(domain, target);
        }

        return true;
    }

    private void Fire(ApplyPipeline pipeline, DueTimer due)
    {
        if (due.Node == JobTimers.OwnTimer)
        {
            context.Partitions.OnTimer(due.Payload);
            return;
        }

        var target = pipeline.Target(due.Node);
        Invariant.Check(target is not null, "a timer is one of an operator that sets timers");
        var mark = context.State.Mark();
        try
        {
            target!.OnTimer(due.Time, due.Payload);
        }
        catch (PoisonRecordException poison)
        {
            context.State.RollbackTo(mark);
            context.Letters.AddTimer(context.Job.Nodes[due.Node].Name, poison.Message);
        }
        catch (Exception problem) when (problem is JobCodeException || JobCodeException.IsOfCode(problem))
        {
            var name = context.Job.Nodes[due.Node].Name;
            throw JobCodeException.OnReplicas(problem as JobCodeException ?? JobCodeException.At(name, problem), context.Job.Name, $"a timer of '{name}'");
        }
    }

    /// <summary>
    /// The least watermark of the partitions that are not idle. A source of which no partition is known yet holds everything back; where all are idle, the watermark stays.
    /// </summary>
    private long Target(int domain)
    {
        long? least = null;
        foreach (var source in context.Job.Domains[domain])
        {
            if (context.Partitions.WatermarkOf(source, out var isKnown) is { } watermark)
                least = least is { } other ? Math.Min(other, watermark) : watermark;
            else if (!isKnown)
                return long.MinValue;
        }

        return least ?? long.MinValue;
    }

    private void Stand(int domain, long watermark)
    {
        _steps[domain] = null;
        WriteKey(domain);
        _key.Write(StepPart);
        context.State.Remove(_key.Span);
        if (_watermarks[domain] == watermark)
            return;
        _watermarks[domain] = watermark;
        WriteKey(domain);
        _value.ResetWrittenCount();
        Codecs.Int64.Write(_value, watermark);
        context.State.Put(_key.Span, _value.WrittenSpan);
    }

    private long Goal(int domain) => Math.Max(Math.Max(_watermarks[domain], _steps[domain]?.Target ?? long.MinValue), Target(domain));

    /// <summary>Keeps for the next command where the watermarks are on their way to, those too whose turn did not come.</summary>
    private void KeepSteps()
    {
        for (var domain = 0; domain < _watermarks.Length; domain++)
        {
            var goal = Goal(domain);
            if (goal == _watermarks[domain] && _steps[domain] is null)
                continue;
            var step = (_steps[domain] ?? Step.Unbegun) with { Target = goal };
            _steps[domain] = step;
            WriteKey(domain);
            _key.Write(StepPart);
            _value.ResetWrittenCount();
            step.Write(_value);
            context.State.Put(_key.Span, _value.WrittenSpan);
        }
    }

    private void WriteKey(int domain)
    {
        _key.Cut(0);
        _key.Write(StateKeys.Watermark);
        _key.Write((byte)domain);
    }

    /// <summary>A watermark that moves.</summary>
    /// <param name="Target">Where to.</param>
    /// <param name="Node">The operator whose timer fired last; those up to it have seen the time, those behind have not.</param>
    /// <param name="Time">The time of that timer.</param>
    private sealed record Step(long Target, int Node, long Time)
    {
        public static Step Unbegun { get; } = new(long.MinValue, int.MaxValue, long.MinValue);

        /// <summary>The step with a timer that fires. One that was set for an earlier time meanwhile takes nothing back of what operators have seen.</summary>
        public Step Reach(long target, DueTimer due) => (due.Time, due.Node).CompareTo((Time, this == Unbegun ? int.MinValue : Node)) > 0 ? new(target, due.Node, due.Time) : this with { Target = target };

        public static Step Read(ReadOnlySpan<byte> stored)
        {
            var reader = new MessagePackReader(stored);
            return reader.TryReadInt64(out var target) && reader.TryReadInt64(out var node) && reader.TryReadInt64(out var time)
                ? new(target, (int)node, time)
                : throw new InvalidDataException("Where a watermark moves to cannot be read: the state is that of another release.");
        }

        public void Write(IBufferWriter<byte> output)
        {
            var writer = new MessagePackWriter(output);
            writer.Write(Target);
            writer.Write((long)Node);
            writer.Write(Time);
        }
    }
}
