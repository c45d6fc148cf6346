namespace RaftStream.Testing;

/// <summary>What must have come of a job: its topology evaluated by <see cref="JobReference"/>, which shares nothing with the operators of the product, over the batches in the order in which the log took them.</summary>
internal sealed class JobEvaluation
{
    private readonly JobReference _reference;

    /// <summary>Evaluates; takes about a second for ten thousand records.</summary>
    public JobEvaluation(TortureJob job, IReadOnlyList<JobBatch> order)
    {
        Job = job;
        _reference = new(job.Spec, new Sent(order), new());
        var stands = new Dictionary<(int Source, int Producer), int>();
        foreach (var batch in order)
        {
            var to = stands[(batch.Source, batch.Producer)] = stands.GetValueOrDefault((batch.Source, batch.Producer)) + batch.Records.Count;
            _reference.Begin(0);
            _reference.Register(batch.Source, batch.Producer);
            _reference.Advance(batch.Source, batch.Producer, to, isEnd: false);
        }
    }

    /// <summary>The job.</summary>
    public TortureJob Job { get; }

    /// <summary>All that a sink must have been given, in order; null for a sink beside the topology.</summary>
    public IReadOnlyList<string>? OutputsOf(string sink) => _reference.Ops.OfType<RefSink>().FirstOrDefault(op => op.Name == sink) is { } found ? [.. found.Outputs.Select(static output => output.Text)] : null;

    /// <summary>The lines that a sink must have written, each with its end.</summary>
    public IEnumerable<string> LinesOf(int sink) => ((RefSink)_reference.Ops[sink]).Outputs.Select(output => ModelFunctions.Line(Job.Spec.Ops[sink].Padding, ModelRecord.Parse(output.Text)) + "\n");

    /// <summary>The rows that a table must have, as "key=value" in any order.</summary>
    public IReadOnlyList<string> RowsOf(int table) => [.. _reference.Ops[table].Rows()!.Select(static row => row.Replace('[', ','))];

    /// <summary>How many records must have been too late for an operator.</summary>
    public long LateAt(int place) => _reference.Ops[place].Late;

    /// <summary>How many must have been too late for all of them.</summary>
    public long Late => _reference.Ops.Sum(static op => op.Late);

    private sealed class Sent(IReadOnlyList<JobBatch> order) : IJobInputs
    {
        private readonly Dictionary<(int Source, int Producer), List<ModelRecord>> _records = order
            .GroupBy(static batch => (batch.Source, batch.Producer))
            .ToDictionary(static group => group.Key, static group => group.SelectMany(static batch => batch.Records).ToList());

        public SourceRecord<ModelRecord> Record(int source, int partition, int number) => SourceRecord<ModelRecord>.Of(_records[(source, partition)][number]);

        public long ReadAt(int source, int partition, int number) => 0;
    }
}
