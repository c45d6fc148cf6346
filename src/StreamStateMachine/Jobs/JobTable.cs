using System.Buffers;
using RaftStream.Raft.Wire;

namespace RaftStream.StreamStateMachine;

/// <summary>
/// All jobs of a replica: those that this program defines, and those that the log has begun, which must be among them. Owned by the applying thread.
/// </summary>
internal sealed class JobTable
{
    private readonly Dictionary<string, Job> _defined;
    private readonly Captures _captures;
    private readonly IDisk? _files;
    private readonly SortedDictionary<string, JobInstance> _begun = new(StringComparer.Ordinal);

    public JobTable(IEnumerable<Job> defined, Captures captures, IDisk? files)
    {
        (_captures, _files) = (captures, files);
        _defined = defined.ToDictionary(static job => job.Name, StringComparer.Ordinal);
    }

    /// <summary>The jobs that the log has begun, in the order of their names.</summary>
    public IReadOnlyCollection<JobInstance> Begun => _begun.Values;

    /// <summary>The jobs that this program defines.</summary>
    public IReadOnlyCollection<Job> Defined => _defined.Values;

    /// <summary>A hash of all jobs' state; 0 where there is none.</summary>
    public ulong Hash
    {
        get
        {
            var hash = 0UL;
            foreach (var (name, instance) in _begun)
                hash += KeyHash.Combine(KeyHash.Combine(KeyHash.Of(name), instance.Job.Fingerprint), instance.Tree.Hash);
            return hash;
        }
    }

    /// <summary>The job of a name, if the log has begun it.</summary>
    public JobInstance? Find(string name) => _begun.GetValueOrDefault(name);

    /// <summary>Applies a command whose opcode was read, and writes its reply.</summary>
    /// <exception cref="InvalidOperationException">The log has a job that this program does not define in this way.</exception>
    public void Apply(in Command command, JobOpcode opcode, int count, ref MessagePackReader reader, IBufferWriter<byte> reply)
    {
        JobPartition? partition = null;
        var problem = JobProblem.Malformed;
        if (count == CountOf(opcode) && reader.TryReadString(StoreLimits.MaxNameBytes, out var name) && StoreLimits.IsName(name) && reader.TryReadUInt64(out var fingerprint))
        {
            problem = FindOrBegin(name, fingerprint, opcode, out var instance);
            if (instance is not null)
                problem = instance.Apply(command, opcode, ref reader, out partition);
        }

        JobReply.Write(reply, problem, partition);
    }

    /// <summary>Begins a job whose state a snapshot holds; gives it with an empty state.</summary>
    /// <exception cref="InvalidDataException">This program does not define the job in this way.</exception>
    public JobInstance Restore(string name, ulong fingerprint)
    {
        if (!_defined.TryGetValue(name, out var job) || job.Fingerprint != fingerprint)
            throw new InvalidDataException(Unknown(name, fingerprint));
        var instance = new JobInstance(job, new(_captures), _files);
        _begun.Add(name, instance);
        return instance;
    }

    /// <summary>Fixes the jobs of this moment; whoever is given them disposes them.</summary>
    /// <exception cref="IOException">A file of a sink cannot be opened; none is left open.</exception>
    public IReadOnlyList<CapturedJob> Capture()
    {
        var captured = new List<CapturedJob>(_begun.Count);
        try
        {
            foreach (var instance in _begun.Values)
                captured.Add(new(instance.Job, instance.Tree.Freeze(), instance.Context.Files.Capture()));
        }
        catch (IOException)
        {
            captured.ForEach(static job => job.Dispose());
            throw;
        }

        return captured;
    }

    /// <summary>Closes the files that its jobs write; nothing may be applied then.</summary>
    public void CloseFiles()
    {
        foreach (var instance in _begun.Values)
            instance.Context.Files.Dispose();
    }

    private static int CountOf(JobOpcode opcode) => opcode switch
    {
        JobOpcode.Register or JobOpcode.Acknowledge => 5,
        JobOpcode.Open => 6,
        JobOpcode.Host or JobOpcode.Resent => 7,
        JobOpcode.Refuse => 8,
        JobOpcode.Advance => 12,
        JobOpcode.Tick => 3,
        JobOpcode.Replay or JobOpcode.Discard => 4,
        _ => -1,
    };

    private JobProblem FindOrBegin(string name, ulong fingerprint, JobOpcode opcode, out JobInstance? instance)
    {
        if (_begun.TryGetValue(name, out instance))
        {
            if (instance.Job.Fingerprint == fingerprint)
                return JobProblem.None;
            instance = null;
            return JobProblem.DifferentTopology;
        }

        if (opcode != JobOpcode.Register)
            return JobProblem.NotFound;
        if (_begun.Count == JobLimits.MaxJobs)
            return JobProblem.TooMany;
        if (!_defined.TryGetValue(name, out var job) || job.Fingerprint != fingerprint)
            throw new InvalidOperationException(Unknown(name, fingerprint));
        _begun.Add(name, instance = new(job, new(_captures), _files));
        return JobProblem.None;
    }

    private string Unknown(string name, ulong fingerprint) => _defined.TryGetValue(name, out var job)
        ? $"The log has begun job '{name}' with a topology of fingerprint {fingerprint:x16} and this program defines it with {job.Fingerprint:x16}: run the program that the others run, or give the changed job another name."
        : $"The log has begun job '{name}', which this program does not define: run the program that the others run.";
}
