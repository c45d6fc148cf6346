namespace RaftStream.Client;

/// <summary>What became of lines that a producer handed in, or where it stands.</summary>
/// <param name="Outcome">
/// <see cref="ClientOutcome.Applied"/>: all of them count. <see cref="ClientOutcome.Rejected"/>: those behind <paramref name="Sequence"/> were certainly not taken in by this call. Else nobody can tell: send
/// the same again.
/// </param>
/// <param name="Refusal">Why not, where they do not count.</param>
/// <param name="Problem">The refusal in one sentence; null where all is well.</param>
/// <param name="Sequence">Up to which number the producer's lines count, as the last answer told it that knew: further than the lines of this call, where more count already; 0 for none, and where no answer has told it.</param>
/// <param name="Taken">How many of the lines did not count before, as the answers told it: fewer than are new where an answer was lost and the lines were sent again.</param>
/// <param name="Stamp">Who answered last, and how.</param>
public readonly record struct IngestResult(ClientOutcome Outcome, ClientRefusal Refusal, string? Problem, long Sequence, int Taken, AnswerStamp Stamp);
