/** What every term on the page means, in a sentence or two. The keys are those of the controls. */

import { methods } from "./methods.js";

const data = {
  n: { term: "Points", text: "How many points are drawn, for training and testing together." },
  noise: { term: "Noise", text: "How much chance blurs the data: 0 none, 1 so much that little is left to learn. What it does exactly is said beside each example." },
  data_seed: { term: "Seed of the data", text: "The number that chance starts from. The same seed gives the same points again, on every machine." },
  train: { term: "Share for training", text: "The part of the rows that the network learns from. The others are kept back: the loss on them shows what it has really learned." },
  split_seed: { term: "Seed of the split", text: "Which rows are for training and which for testing is drawn by chance; the same seed draws the same." },
  stratified: { term: "Same shares of the classes", text: "The training and the test rows have the classes in the same proportions (a stratified split)." },
  scale: { term: "Standardise the inputs", text: "Subtract each input’s mean and divide by its standard deviation, both taken from the training rows, so that no input counts more only because of its unit." },
  target: { term: "Column to predict", text: "The network learns to tell this column from the others. By default it is the last one." },
  columns: { term: "Columns used", text: "What the network sees. Numbers are standardised, categories become one input for each level; columns that cannot help (such as running numbers) are left out, with the reason beside them." },
  task: { term: "Task", text: "Classification tells classes apart; regression predicts a number. It is decided by what the column holds, unless you choose." },
  plane: { term: "Plane of the map", text: "A map has two axes. With more inputs it shows a slice: two columns vary, the others are held. The principal plane instead passes through the data in the two directions in which they vary most." },
  slice: { term: "Slice", text: "The map shows what the network says when these columns have these values: first the median, or the most frequent level. Points are drawn by their own two columns, wherever they lie in the others." },
  source: { term: "Source", text: "Where the data come from." },
  name: { term: "Data set", text: "Which data set." },
  points: { term: "Painted points", text: "Points placed by hand on the map or in the table below it." },
  digest: { term: "Digest", text: "A short number made from all of the data. Two files with the same digest are the same; the data cannot be read from it." },
};

const network = {
  layers: { term: "Hidden layers", text: "Each unit of a layer adds up what comes in, each input times a weight, adds its bias, and bends the sum by the activation. Later layers build on what earlier ones found." },
  units: { term: "Units", text: "How many units a layer has (its width). More units can form more detailed functions, and fit noise more easily." },
  activation: { term: "Activation", text: "The function that bends the sum of a unit. Without one, all layers together would be a single linear function." },
  dropout: { term: "Dropout", text: "In each training step a unit is left out with this probability; when the network is used, all are there. It keeps units from relying on each other too much." },
  input_dropout: { term: "Dropout of the inputs", text: "In each training step an input is left out with this probability." },
  batch_norm: { term: "Batch normalisation", text: "The sums of a layer are standardised over the batch, then scaled and moved by two learned numbers per unit. Deep networks often train faster with it." },
  features: { term: "Inputs", text: "What the first layer sees of a point: its coordinates, and functions of them. A good input can replace hidden layers." },
  output: { term: "Output activation", text: "Turns the last sums into what is predicted: logistic or softmax into probabilities, identity into a plain number. By default it is the one that belongs to the loss." },
  loss: { term: "Loss", text: "The number that training makes small: how wrong the predictions are, averaged over the rows." },
  initializer: { term: "Initialisation", text: "How the start weights are drawn. Too small and the signals fade from layer to layer, too large and they explode; Glorot suits tanh and logistic, He suits ReLU." },
  weight_seed: { term: "Seed of the weights", text: "The number that chance starts from when the start weights are drawn. Reset keeps it; New weights takes the next." },
};

const training = {
  learning_rate: { term: "Learning rate", text: "How far one step goes along the direction that makes the loss smaller. Too small: slow. Too large: the loss jumps about or grows without end." },
  batch_size: { term: "Batch size", text: "The rows whose mean gradient makes one step. 1 is stochastic gradient descent; all training rows is the full gradient. An epoch passes over all batches." },
  shuffle: { term: "Shuffle", text: "The rows come in a new order in each epoch." },
  order_seed: { term: "Seed of the order", text: "The number that chance starts from for the order of the rows and for dropout." },
  solver: { term: "Solver", text: "How a step is made from the gradient. Gradient descent follows it; others remember earlier gradients or give each weight a rate of its own." },
  schedule: { term: "Schedule", text: "How the learning rate changes in the course of the training." },
  alpha: { term: "Weight penalty α", text: "A penalty on the squares of the weights, divided by the number of rows, as scikit-learn’s `alpha`. Biases are free of it." },
  l2: { term: "L2 penalty", text: "Adds the sum of the squared weights, times this number and ½, to the loss: large weights become expensive, and the function smoother." },
  l1: { term: "L1 penalty", text: "Adds the sum of the weights’ sizes, times this number, to the loss. Weights that help little become exactly 0; they can come back." },
  weight_decay: { term: "Weight decay", text: "In each step every weight shrinks by the learning rate times this number, beside the step itself. With plain gradient descent that is the same as an L2 penalty; with Adam it is not." },
  max_norm: { term: "Largest norm", text: "After each step the weights into a unit are scaled back if their norm is larger than this." },
  clip_norm: { term: "Clip the gradient’s norm", text: "A gradient longer than this is made this long before the step: a remedy for sudden jumps." },
  clip_value: { term: "Clip the gradient’s values", text: "Each part of the gradient is cut off at plus and minus this." },
  engine: { term: "Engine", text: "Which of the library’s ways to compute is used: they agree, and differ in speed. The reference is plain NumPy." },
  dtype: { term: "Precision", text: "float64 computes with about 16 digits, float32 with about 7." },
  compat: { term: "As TensorFlow Playground computes", text: "Its own ways, for comparison: fixed order of the rows, tanh output with squared error, biases that start at 0.1, an incomplete batch that leaks into the next epoch, weights that an L1 penalty kills for good." },
  epochs: { term: "Epochs", text: "One epoch passes over all training rows once." },
  train_loss: { term: "Training loss", text: "The mean loss over the rows that the network learns from." },
  test_loss: { term: "Test loss", text: "The mean loss over the rows that were kept back. When it rises while the training loss falls, the network learns the noise: overfitting." },
  score: { term: "Score", text: "Accuracy: the share of rows whose class is right. R²: 1 is perfect, 0 is as good as always saying the mean." },
  seconds: { term: "Seconds", text: "Time of the training itself." },
  patience: { term: "Patience", text: "Early stopping: stop when the test loss has had no new minimum for so many epochs." },
};

export const glossary = { ...data, ...network, ...training, ...methods };
