/** Results in the cloud: Firestore for what there is and what changes, `functions/api` for signed
 * addresses and uploads. */

import { collection, doc, getDocsFromServer, onSnapshot } from "firebase/firestore";
import type { Account } from "../../account/gate";
import type { Result as WireResult } from "../../domain/generated/result";
import { type Model, toModel, type WireModel } from "../../domain/model";
import { type Result, toResult } from "../../domain/result";
import type { Row } from "../../domain/row";
import type {
  Connection,
  ExplanationRequest,
  Feedback,
  FeedbackRecord,
  Following,
  ResultSource,
  StoredPicture,
  Unfollow,
  Upload,
} from "../source";
import { Addresses } from "./Addresses";
import type { Api, Token } from "./Api";
import { type Database, MODELS, RESULTS } from "./database";
import { followFeedback, giveFeedback } from "./feedback";
import { isGone } from "./listEntry";
import { ResultList } from "./ResultList";
import { uploadFile } from "./upload";

/** As `dropsight models publish` writes it. */
interface StoredModel {
  manifest: WireModel;
  /** Project by route. */
  routes: Record<string, string>;
  card?: string;
}

export class FirestoreSource implements ResultSource {
  readonly routesByContent = false;
  private readonly addresses: Addresses;
  private readonly cards = new Map<string, string>();

  constructor(
    private readonly database: Database,
    private readonly account: Account,
    private readonly api: Api,
    private readonly token: Token,
  ) {
    this.addresses = new Addresses(api);
  }

  follow(
    rows: (changed: readonly Row[], gone: readonly string[]) => void,
    connection: (state: Connection) => void,
  ): Following {
    return new ResultList(this.database, this.account.projects, this.token, rows, connection);
  }

  followOne(
    resultId: string,
    result: (found: Result | null) => void,
    failed: (error: Error) => void,
  ): Unfollow {
    return onSnapshot(
      doc(this.database.firestore, RESULTS, resultId),
      (found) => {
        const plain = found.data();
        if (plain !== undefined) result(isGone(plain) ? null : toResult(plain as WireResult));
        else if (!found.metadata.fromCache) result(null); // else: not connected, nothing is known
      },
      // Rules do not tell a result of others from one that is not there.
      (error) => (error.code === "permission-denied" ? result(null) : failed(error)),
    );
  }

  async models(): Promise<Model[]> {
    const found = await getDocsFromServer(collection(this.database.firestore, MODELS));
    return found.docs.map((one) => {
      const { manifest, routes, card } = one.data() as StoredModel;
      if (card) this.cards.set(manifest.name, card);
      const open = Object.keys(routes).filter((route) => this.maySee(routes[route]));
      return toModel({ ...manifest, routes: open.sort(), card: Boolean(card) });
    });
  }

  private maySee(project: string | undefined): boolean {
    return project !== undefined && this.account.projects.includes(project);
  }

  async card(model: string): Promise<string> {
    const card = this.cards.get(model);
    if (card === undefined) throw new Error(`there is no card of a model ${model}`);
    return card;
  }

  address(resultId: string, artifact: StoredPicture): Promise<string> {
    return this.addresses.of(resultId, artifact.name);
  }

  async explain(resultId: string, asked: ExplanationRequest): Promise<void> {
    await this.api.ask("POST", `/v1/results/${resultId}/explanations`, asked);
  }

  upload(
    file: File,
    route: string,
    progress: (share: number) => void,
    signal: AbortSignal,
  ): Promise<Upload> {
    return uploadFile(this.api, file, route, progress, signal);
  }

  followFeedback(resultId: string, told: (all: readonly FeedbackRecord[]) => void): Unfollow {
    return followFeedback(this.database, resultId, told);
  }

  giveFeedback(resultId: string, given: Feedback): Promise<void> {
    return giveFeedback(this.database, this.account, resultId, given);
  }
}
