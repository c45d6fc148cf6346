namespace RaftStream.StreamStateMachine;

/// <summary>
/// Where a watch stands between two pages: all that one knows. It says the same on every replica, which keep the same entries and list rows in the same order, so that any node can go
/// on with it, also in the middle of an entry or of the rows.
/// </summary>
/// <param name="Seen">Changes up to here were told.</param>
/// <param name="Hash">How far rows were listed: up to this hash, or null where none are being listed.</param>
/// <param name="Key">And up to this key; empty where none with the hash was listed.</param>
internal readonly record struct WatchPlace(ChangePlace Seen, ulong? Hash, string Key);

/// <summary>A page of a watch that somebody else keeps.</summary>
/// <param name="Outcome">Applied, or that there is none.</param>
/// <param name="Refusal">Why there is none.</param>
/// <param name="Position">The state that it is of; zero where nothing was applied in time.</param>
/// <param name="Events">What happened; empty where nothing did in time.</param>
/// <param name="Place">Where to go on.</param>
internal readonly record struct WatchAnswer(Outcome Outcome, Refusal Refusal, LogPosition Position, IReadOnlyList<WatchEvent> Events, WatchPlace Place);
