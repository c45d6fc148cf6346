namespace RaftStream.StreamStateMachine;

/// <summary>What the operators of one job see and change at one replica, and where in the log they are. Owned by the applying thread.</summary>
internal sealed class JobContext
{
    public JobContext(Job job, StateJournal state, IDisk? files)
    {
        (Job, State) = (job, state);
        Timers = new(this);
        Sums = new(this);
        Partitions = new(this);
        Clock = new(this);
        Outputs = new(this);
        Files = new(this, files);
        Resends = new(this);
        Letters = new(this);
        Hosts = new(this);
    }

    /// <summary>The topology.</summary>
    public Job Job { get; }

    /// <summary>All state of the job.</summary>
    public StateJournal State { get; }

    /// <summary>Timers of event time and log time.</summary>
    public JobTimers Timers { get; }

    /// <summary>What is counted of the job.</summary>
    public JobSums Sums { get; }

    /// <summary>Where its sources stand.</summary>
    public JobPartitions Partitions { get; }

    /// <summary>The watermarks, and what is due by them.</summary>
    public JobClock Clock { get; }

    /// <summary>What its sinks are given.</summary>
    public JobOutputs Outputs { get; }

    /// <summary>What its sinks are to hand on again.</summary>
    public JobResends Resends { get; }

    /// <summary>What its file sinks are given.</summary>
    public JobFiles Files { get; }

    /// <summary>What was set aside.</summary>
    public JobLetters Letters { get; }

    /// <summary>Which nodes can carry its reading.</summary>
    public JobHosts Hosts { get; }

    /// <summary>The log time of the command at hand in nanoseconds.</summary>
    public long LogTime { get; private set; }

    /// <summary>The index of the command at hand.</summary>
    public long Index { get; private set; }

    /// <summary>The term of the command at hand: that of the leader which took it.</summary>
    public long Term { get; private set; }

    /// <summary>Begins a command.</summary>
    public void Begin(in Command command)
    {
        (LogTime, Index, Term) = (command.Time, command.Position.Index.Value, command.Position.Term.Value);
        Clock.Load();
    }

    /// <summary>How far event time has come at an operator; <see cref="long.MinValue"/> at first.</summary>
    public long WatermarkOf(TopologyNode node) => Clock.WatermarkOf(node);
}

/// <summary>Is called when a timer is due.</summary>
internal interface ITimerTarget
{
    /// <param name="time">For which time it was set: event time in milliseconds, or log time in nanoseconds.</param>
    /// <param name="payload">What it was set with; good for the call.</param>
    void OnTimer(long time, ReadOnlySpan<byte> payload);
}
